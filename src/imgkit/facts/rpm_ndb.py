"""The packages in rpm's own format ndb, which SUSE uses: `Packages.db`.

Layout (rpm's lib/backend/ndb/rpmpkg.c): numbers are little-endian; 32 bytes of header, then slots of 16 bytes, in as
many pages of 4 KiB as the header says; a blob lies in blocks of 16 bytes, between a head and a tail of its own.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from imgkit.facts.rpm_database import BLOB_BYTES, BadDatabase

_PAGE_BYTES = 4096
_HEADER_BYTES, _SLOT_BYTES, _BLOCK_BYTES, _HEAD_BYTES, _TAIL_BYTES = 32, 16, 16, 16, 12
_MOST_SLOT_PAGES = 4096  # room for a million packages
_MAGIC, _SLOT, _HEAD, _TAIL = b"RpmP", b"Slot", b"BlbS", b"BlbE"


def ndb_blobs(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the header blobs of a `Packages.db`; one whose checksum does not hold is empty. Raises BadDatabase."""
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise BadDatabase("it is no database of the format ndb")
    version, _, pages = struct.unpack_from("<III", header, 4)
    if version != 0 or pages > _MOST_SLOT_PAGES:
        raise BadDatabase(f"its version {version} with {pages} pages of slots is not known")
    slots = file.read(pages * _PAGE_BYTES - _HEADER_BYTES)
    left = size
    for at in range(0, len(slots) - _SLOT_BYTES + 1, _SLOT_BYTES):
        magic, index, block, blocks = struct.unpack_from("<4sIII", slots, at)
        if magic != _SLOT:
            raise BadDatabase(f"its slot {at // _SLOT_BYTES} is damaged")
        if not block:  # an empty slot
            continue
        left -= blocks * _BLOCK_BYTES
        if left < 0:
            raise BadDatabase("its packages take more room than its file")
        yield _blob(file, index, block, blocks)


def _blob(file: BinaryIO, index: int, block: int, blocks: int) -> bytes:
    total = blocks * _BLOCK_BYTES
    if total > BLOB_BYTES or total < _HEAD_BYTES + _TAIL_BYTES:
        return b""
    file.seek(block * _BLOCK_BYTES)
    data = file.read(total)
    if len(data) < total:
        return b""
    magic, owner, _, length = struct.unpack_from("<4sIII", data)
    checksum, again, end = struct.unpack_from("<II4s", data, total - _TAIL_BYTES)
    whole = magic == _HEAD and end == _TAIL and owner == index and length == again
    if not whole or length > total - _HEAD_BYTES - _TAIL_BYTES:
        return b""
    covered = data[: total - _TAIL_BYTES]
    return data[_HEAD_BYTES : _HEAD_BYTES + length] if zlib.adler32(covered) == checksum else b""
