"""The local disk: whole files that appear at once, sparse files, locks, and what a file system can do."""
