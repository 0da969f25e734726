"""From a file tree to facts: pure functions, one subject a file, that never raise over what they find inside."""
