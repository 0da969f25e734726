"""imgkit's own engine: partition tables, volumes and file systems read from a disk's bytes, in a child with limits."""
