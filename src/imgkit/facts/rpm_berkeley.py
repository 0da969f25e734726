"""The packages in rpm's Berkeley DB: a file of hash pages, long values in chains of overflow pages.

Layout (Berkeley DB's db_page.h and hash.h): a page has 26 bytes of header, then 16-bit offsets of its items, keys and
values in turn; page 0 describes the database. Every page is looked at, so that no damaged bucket hides the others.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from imgkit.facts.rpm_database import BLOB_BYTES, BadDatabase

_HASH_MAGIC = 0x061561
_HEADER_BYTES = 26
_HASH_PAGES = {2, 13}  # unsorted, as older versions have them, and sorted
_OVERFLOW_PAGE = 7
_IN_PAGE, _OFF_PAGE = 1, 3
_CHECKSUMS = 0x1


def berkeley_blobs(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the header blobs of a `Packages` file. Raises BadDatabase, also after some."""
    reader = _Reader(file, size)
    for number in range(1, reader.pages):
        page = reader.page(number)
        if page[25] in _HASH_PAGES:
            yield from reader.values(page)
    if reader.torn:
        raise BadDatabase(reader.torn)


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        meta = file.read(512)
        self._order = next((order for order in "<>" if _magic(meta, order) == _HASH_MAGIC), "")
        if not self._order or len(meta) < 72:
            raise BadDatabase("it is no hash of Berkeley DB")
        (self._page_bytes,) = struct.unpack_from(f"{self._order}I", meta, 20)
        if self._page_bytes not in {512 << shift for shift in range(8)}:
            raise BadDatabase(f"its pages cannot have {self._page_bytes} bytes")
        if meta[24] or meta[26] & _CHECKSUMS:
            raise BadDatabase("it is encrypted or has checksums, which rpm never uses")
        (last,) = struct.unpack_from(f"{self._order}I", meta, 32)
        self.pages = size // self._page_bytes
        self.torn = "" if last < self.pages else f"it should have {last + 1} pages and has {self.pages}"
        self._left = size  # a value lies in the file once: what yields more than that is a trap

    def page(self, number: int) -> bytes:
        self._file.seek(number * self._page_bytes)
        page = self._file.read(self._page_bytes)
        if len(page) < self._page_bytes:
            raise BadDatabase(f"its page {number} is not there")
        return page

    def values(self, page: bytes) -> Iterator[bytes]:
        """Yield the values of a page but that of key 0, which only counts the packages."""
        (count,) = struct.unpack_from(f"{self._order}H", page, 20)
        count = min(count, (self._page_bytes - _HEADER_BYTES) // 2)
        offsets = struct.unpack_from(f"{self._order}{count}H", page, _HEADER_BYTES)
        ends = (self._page_bytes, *offsets)
        for at in range(0, count - 1, 2):
            key = page[offsets[at] : ends[at]]
            if key[1:5] == bytes(4):
                continue
            item = page[offsets[at + 1] : ends[at + 1]]
            if item[:1] == bytes([_IN_PAGE]):
                yield self._counted(item[1:])
            elif item[:1] == bytes([_OFF_PAGE]) and len(item) >= 12:
                yield self._counted(self._chain(*struct.unpack_from(f"{self._order}II", item, 4)))

    def _counted(self, blob: bytes) -> bytes:
        self._left -= len(blob)
        if self._left < 0:
            raise BadDatabase("its packages take more room than its file")
        return blob

    def _chain(self, number: int, length: int) -> bytes:
        """Return a value from its overflow pages; what is cut short fails as a header, and is counted there."""
        if length > min(BLOB_BYTES, self._left):
            return b""
        found: list[bytes] = []
        missing = length
        while missing > 0 and 0 < number < self.pages:
            page = self.page(number)
            number, _, used = struct.unpack_from(f"{self._order}IHH", page, 16)
            part = page[_HEADER_BYTES : _HEADER_BYTES + min(used, missing)]
            if page[25] != _OVERFLOW_PAGE or not part:
                break
            found.append(part)
            missing -= len(part)
        return b"".join(found) if not missing else b""


def _magic(meta: bytes, order: str) -> int:
    return int(struct.unpack_from(f"{order}I", meta, 12)[0]) if len(meta) >= 16 else 0
