"""Formats that keep the disk as it is, with a footer behind it or a descriptor beside it: fixed VHD, flat VMDK."""

import struct
from pathlib import Path

from imgkit.digests import ChunkDigests
from imgkit.disks.headers.vhd import checksum
from imgkit.disks.sparse_copy import copy_sparsely
from imgkit.disks.writers.new_file import append, new_file
from imgkit.disks.writers.vmdk_descriptor import VmdkKind, describe_vmdk
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import SECTOR_BYTES

_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16sB427x")
_NO_DATA_OFFSET = 0xFFFFFFFFFFFFFFFF
_RESERVED_FEATURE, _VERSION, _FIXED = 2, 0x00010000, 2
# QEMU and other readers go by the size, and not by a rounded geometry, for this creator (block/vpc.c).
_CREATOR, _CREATOR_VERSION, _CREATOR_HOST = b"win ", 0x000A0000, b"Wi2k"


def write_fixed_vhd(
    view: GuestView, target: Path, *, progress: Progress = NULL_PROGRESS, title: str = "Writing"
) -> ChunkDigests:
    """Write `target`, which must not exist, and return the chunk digests of what was read.

    The disk's own digest is its id, and there is no time in it: the same disk gives the same file.
    """
    digests = copy_sparsely(view, target, progress=progress, title=title)
    append(target, fixed_footer(view.size, digests.root))
    return digests


def fixed_footer(size: int, content_root: str) -> bytes:
    """Return the 512 bytes behind the disk (Microsoft's VHD Image Format Specification)."""
    footer = bytearray(
        _FOOTER.pack(
            b"conectix",
            _RESERVED_FEATURE,
            _VERSION,
            _NO_DATA_OFFSET,
            0,
            _CREATOR,
            _CREATOR_VERSION,
            _CREATOR_HOST,
            size,
            size,
            *geometry(size),
            _FIXED,
            0,
            bytes.fromhex(content_root)[:16],
            0,
        )
    )
    struct.pack_into(">I", footer, 64, checksum(bytes(footer), at=64))
    return bytes(footer)


def geometry(size: int) -> tuple[int, int, int]:
    """Return cylinders, heads and sectors by the specification's own appendix; they may cover less than the disk."""
    total = min(size // SECTOR_BYTES, 65535 * 16 * 255)
    if total >= 65535 * 16 * 63:
        return total // 255 // 16, 16, 255
    sectors = 17
    by_head = total // sectors
    heads = max(4, (by_head + 1023) // 1024)
    if by_head >= heads * 1024 or heads > 16:
        sectors, heads = 31, 16
        by_head = total // sectors
    if by_head >= heads * 1024:
        sectors, heads = 63, 16
        by_head = total // sectors
    return by_head // heads, heads, sectors


def write_flat_vmdk(
    view: GuestView, target: Path, *, kind: VmdkKind, progress: Progress = NULL_PROGRESS, title: str = "Writing"
) -> ChunkDigests:
    """Write the descriptor `target` and, beside it, the extent with the disk's bytes; neither may exist."""
    extent = target.with_name(f"{target.stem}-flat{target.suffix}")
    digests = copy_sparsely(view, extent, progress=progress, title=title)
    sectors = view.size // SECTOR_BYTES
    line = (
        f'RW {sectors} VMFS "{extent.name}"' if kind.create_type == "vmfs" else f'RW {sectors} FLAT "{extent.name}" 0'
    )
    with new_file(target) as out:
        out.write(describe_vmdk(kind, size=view.size, extent=line, content_root=digests.root))
    return digests
