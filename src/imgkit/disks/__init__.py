"""Room disks."""
