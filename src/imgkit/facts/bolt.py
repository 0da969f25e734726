"""BoltDB, the file of keys and values of containerd, and of Podman until version 4.8: its buckets, read only.

As go.etcd.io/bbolt's page.go, bucket.go and db.go lay it out: pages of one size, of which the first two say, in turn,
where the newest tree begins; a tree of pages for each bucket, and small buckets inside the page of the outer one. A
change is written beside what it changes, and counts when its own first page is whole: what was cut off is as it was
before.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

_MAGIC, _VERSION = 0xED0CDAED, 2
_HEADER, _META = struct.Struct("<QHHI"), struct.Struct("<IIIIQQQQQQ")
_BRANCH, _LEAF = struct.Struct("<IIQ"), struct.Struct("<IIII")
_BUCKET_BYTES = 16
_IS_BRANCH, _IS_LEAF, _IS_META = 0x01, 0x02, 0x04
_HOLDS_BUCKET = 0x01
_PAGE_SIZES = (4096, 8192, 16384, 65536, 1024, 2048, 32768)
_DEEPEST = 64
_TAKEN_FROM_A_BYTE = 4  # with its page, with its value, with the value of a bucket that lies in a page
_FNV_START, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


class BadBolt(ValueError):
    """It is no BoltDB, or damaged; the message says where."""


@dataclass(slots=True)
class BoltFile:
    """A whole file in memory.

    Each page is read once at most, so that no circle in it has no end; and all that is taken out of the file is no more
    than a few times what is in it, however often its pages and values lie over each other.
    """

    data: bytes
    page_size: int = 0
    _root: int = 0
    _left: int = 0
    _seen: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Find the newest whole tree. Raises BadBolt."""
        made = cls(data, _left=_TAKEN_FROM_A_BYTE * len(data))
        metas = [_meta(data, 0), *(_meta(data, size) for size in _PAGE_SIZES)]
        sizes = [meta[2] for meta in metas if meta is not None]
        made.page_size = sizes[0] if sizes else 0
        either = [meta for at in (0, made.page_size) if (meta := _meta(data, at)) is not None]
        if not either:
            raise BadBolt("it has no first page that is whole")
        made._root = max(either, key=lambda meta: meta[8])[4]
        return made

    def bucket(self, *names: bytes) -> "Bucket":
        """Return a bucket by its names from the outermost on. Raises BadBolt; KeyError where there is none."""
        found = Bucket(self, self._root)
        for name in names:
            inner = dict(found.items()).get(name)
            if not isinstance(inner, Bucket):
                raise KeyError(name)
            found = inner
        return found

    def page(self, number: int) -> bytes:
        """Return a page with what overflows it. Raises BadBolt."""
        start = number * self.page_size
        if number in self._seen or start + _HEADER.size > len(self.data):
            raise BadBolt(f"page {number} is {'part of a circle' if number in self._seen else 'not there'}")
        self._seen.add(number)
        own, _, _, overflow = _HEADER.unpack_from(self.data, start)
        end = start + (overflow + 1) * self.page_size
        if own != number or end > len(self.data):
            raise BadBolt(f"page {number} is damaged")
        return self.take(self.data, start, end)

    def take(self, data: bytes, start: int, end: int) -> bytes:
        """Return a part of the file, or of a page. Raises BadBolt."""
        self._left -= end - start
        if self._left < 0:
            raise BadBolt("its pages and values lie over each other")
        return data[start:end]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Keys and what they hold; `inline` is the page of one that lies in the page of the outer bucket."""

    file: BoltFile
    root: int
    inline: bytes = b""

    def items(self) -> Iterator[tuple[bytes, "bytes | Bucket"]]:
        """Yield what it holds in the order of keys, once. Raises BadBolt."""
        yield from self._items(self.inline or self.file.page(self.root), 0)

    def _items(self, page: bytes, depth: int) -> Iterator[tuple[bytes, "bytes | Bucket"]]:
        if len(page) < _HEADER.size:
            raise BadBolt("a page ends in its header")
        _, flags, count, _ = _HEADER.unpack_from(page)
        row = _BRANCH if flags & _IS_BRANCH else _LEAF
        if not flags & (_IS_BRANCH | _IS_LEAF) or _HEADER.size + count * row.size > len(page) or depth > _DEEPEST:
            raise BadBolt("a page is none of a tree")
        for at in range(_HEADER.size, _HEADER.size + count * row.size, row.size):
            if flags & _IS_BRANCH:
                yield from self._items(self.file.page(row.unpack_from(page, at)[2]), depth + 1)
            else:
                yield self._held(page, at)

    def _held(self, page: bytes, at: int) -> tuple[bytes, "bytes | Bucket"]:
        flags, place, key_bytes, value_bytes = _LEAF.unpack_from(page, at)
        start = at + place
        value_start = start + key_bytes
        if value_start + value_bytes > len(page):
            raise BadBolt("a value does not end in its page")
        key = self.file.take(page, start, value_start)
        value = self.file.take(page, value_start, value_start + value_bytes)
        if not flags & _HOLDS_BUCKET:
            return key, value
        if value_bytes < _BUCKET_BYTES:
            raise BadBolt("a bucket has no beginning")
        return key, Bucket(self.file, int.from_bytes(value[:8], "little"), value[_BUCKET_BYTES:])


def _meta(data: bytes, start: int) -> tuple[int, ...] | None:
    """Return what one of the first two pages says, None where it is not whole."""
    if start + _HEADER.size + _META.size > len(data) or not _HEADER.unpack_from(data, start)[1] & _IS_META:
        return None
    raw = data[start + _HEADER.size : start + _HEADER.size + _META.size]
    found = _META.unpack(raw)
    whole = found[:2] == (_MAGIC, _VERSION) and found[2] in _PAGE_SIZES and found[9] == _fnv(raw[:-8])
    return found if whole else None


def _fnv(raw: bytes) -> int:
    """Return the FNV-1a hash of 64 bits."""
    value = _FNV_START
    for byte in raw:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return value
