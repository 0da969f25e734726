"""The label of a disk in a pool of ZFS: which pool, of how many disks, and which machine used it last; zpool.cache.

ZFS keeps four copies of a label on each disk; its configuration is a list of names and values in XDR, an nvlist as
OpenZFS' module/nvpair/nvpair.c packs it, at the place that include/sys/vdev_impl.h gives it. Only what names the pool
is read, with each length held against what is there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONFIGURATION, CONFIGURATION_BYTES = 16 * 1024, 112 * 1024
_CHECKSUM_BYTES = 40
_NUMBER, _TEXT, _LIST, _LISTS = 8, 9, 19, 20
_MOST_PAIRS = 1000
_MOST_WORDS = 255
_TREE = "vdev_tree"
_OF_TREE = frozenset({"type", "nparity"})
_SPARE_STATES = {3: "spare", 4: "cache"}  # POOL_STATE_SPARE, POOL_STATE_L2CACHE (sys/fs/zfs.h)

Value = int | str


class _Broken(ValueError):
    """It is no list of names and values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLabel:
    """`guid` is the pool's; `kind` how this disk's part is made (`mirror`, `raidz2`, `disk`), of how many `disks`.

    A `spare` and a `cache` know no pool, and hold nothing that is not elsewhere.
    """

    name: str
    guid: str
    kind: str = ""
    disks: int = 0
    parts: int = 0
    version: int = 0
    host: str = ""

    @property
    def is_spare(self) -> bool:
        """Whether it is of no pool; a spare that has stepped in is a part of one, and its tree says `spare` too."""
        return not self.guid and self.kind in _SPARE_STATES.values()

    @property
    def words(self) -> str:
        """What a report says of it in one line."""
        made = f"{self.kind} of {self.disks} disks" if self.disks else self.kind
        told = [made] if made and made != "disk" else []
        told += [f"one of {self.parts} parts"] if self.parts > 1 else []
        told += [f"last used by {self.host}"] if self.host else []
        return ", ".join(told)


def read_label(raw: bytes) -> PoolLabel | None:
    """Read the configuration of a label; None where it is none, or damaged."""
    try:
        found = _read_list(raw[:-_CHECKSUM_BYTES])
        name, guid = found.get("name"), found.get("pool_guid")
        if not isinstance(name, str) or not isinstance(guid, int):
            kind = _SPARE_STATES.get(_number(found, "state"), "")
            return PoolLabel(name="", guid="", kind=kind, version=_number(found, "version")) if kind else None
        return PoolLabel(
            name=name[:_MOST_WORDS],
            guid=str(guid),
            kind=_kind(found),
            disks=_number(found, "disks"),
            parts=_number(found, "vdev_children"),
            version=_number(found, "version"),
            # "(none)" is what uname says where nobody gave a name
            host=str(found.get("hostname", "")).replace("(none)", "")[:_MOST_WORDS],
        )
    except (_Broken, struct.error):
        return None


def _kind(found: dict[str, Value]) -> str:
    kind = str(found.get("type", ""))
    return f"raidz{_number(found, 'nparity') or 1}" if kind == "raidz" else "disk" if kind == "file" else kind


def _number(found: dict[str, Value], name: str) -> int:
    value = found.get(name, 0)
    return value if isinstance(value, int) else 0


def _read_list(raw: bytes) -> dict[str, Value]:
    """Read the outermost list, and of the tree of disks in it how it is made and the number of its children."""
    _require_list(raw)
    return dict(_pairs(raw, 4 + 8, inner=False))


def _require_list(raw: bytes) -> None:
    if raw[:1] != b"\1":  # XDR, the one encoding that a label has
        raise _Broken


def _pairs(raw: bytes, at: int, *, inner: bool) -> list[tuple[str, Value]]:
    return [found for pair in _raw_pairs(raw, at) for found in _pair(pair, inner=inner)]


def _raw_pairs(raw: bytes, at: int) -> Iterator[bytes]:
    """Yield the pairs of a list, each a name, a kind, a count and a value."""
    for _ in range(_MOST_PAIRS):
        size, _unpacked = struct.unpack_from(">II", raw, at)
        if size == 0:
            return
        if size < 20 or at + size > len(raw):
            raise _Broken
        yield raw[at + 8 : at + size]
        at += size
    raise _Broken


def _pair(raw: bytes, *, inner: bool) -> list[tuple[str, Value]]:
    name, at = _text(raw, 0)
    kind, count = struct.unpack_from(">II", raw, at)
    at += 8
    if kind == _NUMBER:
        return [(name, int(struct.unpack_from(">Q", raw, at)[0]))]
    if kind == _TEXT:
        return [(name, _text(raw, at)[0])]
    if kind == _LIST and name == _TREE and not inner:
        return [pair for pair in _pairs(raw, at + 8, inner=True) if pair[0] in _OF_TREE | {"disks"}]
    if kind == _LISTS and name == "children" and inner:
        return [("disks", count)]
    return []


def read_cache(raw: bytes) -> frozenset[str]:
    """Return the guids of the pools in a zpool.cache, a list of their configurations; none where it is none."""
    try:
        _require_list(raw)
        return frozenset(_guids(raw, 4 + 8))
    except (_Broken, struct.error):
        return frozenset()


def _guids(raw: bytes, at: int) -> Iterator[str]:
    for pair in _raw_pairs(raw, at):
        _, start = _text(pair, 0)
        if struct.unpack_from(">I", pair, start)[0] == _LIST:
            guid = dict(_pairs(pair, start + 8 + 8, inner=False)).get("pool_guid")
            yield from [str(guid)] if isinstance(guid, int) else []


def _text(raw: bytes, at: int) -> tuple[str, int]:
    """Return a text and where the next value begins: all lie on fours."""
    (length,) = struct.unpack_from(">I", raw, at)
    if at + 4 + length > len(raw):
        raise _Broken
    return raw[at + 4 : at + 4 + length].decode("utf-8", "backslashreplace"), at + 4 + (length + 3) // 4 * 4
