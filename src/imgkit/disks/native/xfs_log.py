"""Whether changes wait in the log of an XFS: it has no flag for that, so the log's last record is looked at.

A log that ends with the record of an unmount has nothing to replay (the kernel's xlog_check_unmount_rec).
"""

from collections.abc import Iterator
from struct import unpack_from

from imgkit.disks.native.volume import Bytes
from imgkit.disks.native.xfs_layout import XfsSuperblock
from imgkit.model.storage import Journal
from imgkit.units import GiB, MiB

_MAGIC = b"\xfe\xed\xba\xbe"
_SECTOR = 512
_HEADER_COVERS = 32 * 1024
_UNMOUNT = 0x20
_LARGEST_LOG = 2 * GiB
_PIECE = 1 * MiB


def xfs_log_state(volume: Bytes, layout: XfsSuperblock) -> Journal:
    """Find the newest record of the log, and see whether it is the one of an unmount."""
    size = layout.log_blocks << layout.block_shift
    if not layout.log_start or not 0 < size <= _LARGEST_LOG:  # a log on a device of its own
        return Journal.UNKNOWN
    start = layout.block_offset(layout.log_start)
    newest = max(_records(volume, start, size), default=None)
    if newest is None:
        return Journal.UNKNOWN
    _, offset = newest
    return Journal.CLEAN if _is_unmount(volume, start, size, offset) else Journal.PENDING


def _records(volume: Bytes, start: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield each record's place in time and in the log; a real header says at which block it lies."""
    for piece in range(0, size, _PIECE):
        block = volume.read(start + piece, min(_PIECE, size - piece))
        at = block.find(_MAGIC)
        while at >= 0:
            if at % _SECTOR == 0 and at + _SECTOR <= len(block):
                sequence = unpack_from(">Q", block, at + 16)[0]
                if sequence & 0xFFFFFFFF == (piece + at) // _SECTOR:
                    yield sequence, piece + at
            at = block.find(_MAGIC, at + 4)


def _is_unmount(volume: Bytes, start: int, size: int, offset: int) -> bool:
    header = volume.read(start + offset, _SECTOR)
    operations, buffer_bytes = unpack_from(">I", header, 40)[0], unpack_from(">I", header, 320)[0]
    version = unpack_from(">I", header, 8)[0]
    headers = max(1, -(-buffer_bytes // _HEADER_COVERS)) if version & 2 else 1
    data = (offset + headers * _SECTOR) % size
    operation = volume.read(start + data, 12)
    return operations == 1 and bool(operation[9] & _UNMOUNT)
