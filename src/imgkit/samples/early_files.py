"""The initramfs of the sample system: a cpio archive of the form `newc` with the drivers of a machine in the cloud."""

_DRIVERS = ("block/virtio_blk", "net/virtio_net", "virtio/virtio_pci", "nvme/host/nvme")
_TRAILER = "TRAILER!!!"


def initramfs(release: str, filler: bytes) -> bytes:
    """Return an archive that is not packed, with `filler` as a file of its own."""
    drivers = (f"usr/lib/modules/{release}/kernel/drivers/{name}.ko" for name in _DRIVERS)
    files = [("init", b"#!/bin/sh\n"), *((name, b"\x7fELF") for name in drivers), ("filler", filler), (_TRAILER, b"")]
    return b"".join(_member(name, data) for name, data in files)


def _member(name: str, data: bytes) -> bytes:
    """Two fields matter here, the sizes; the others are those of a plain file. [cpio(5)]"""
    raw = name.encode() + b"\0"
    fields = (0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
