"""What the headers of disk images say, one format a file, read by parsers that trust nothing."""
