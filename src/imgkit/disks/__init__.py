"""Disk images from outside and inside: headers judged, guest views read, digests taken, file systems walked."""
