"""qcow2, versions 2 and 3 (QEMU's docs/interop/qcow2.txt)."""

import struct
from dataclasses import dataclass
from typing import Self

from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.disks.headers.packing import Packing
from imgkit.disks.headers.qcow2_tables import Qcow2Layout, walk_tables
from imgkit.model.formats import DiskFormat
from imgkit.units import MiB, round_up

MAGIC = b"QFI\xfb"

_FIXED_PART = struct.Struct(">4sIQIIQIIQQIIQ")
_VERSION_3 = struct.Struct(">QQQII")
_EXTENSION = struct.Struct(">II")
_SNAPSHOT = struct.Struct(">QIHHIIQII")
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = 1, 2, 4, 8, 16
_BACKING_FORMAT, _DATA_FILE_NAME = 0xE2792ACA, 0x44415441
_COMPRESSIONS = {0: "zlib", 1: "zstd"}
_PACKINGS = {0: Packing.RAW_DEFLATE, 1: Packing.ZSTD}
# QEMU's own bounds, block/qcow2.h: what is beyond them no QEMU wrote.
_MAX_L1_BYTES = 32 * MiB
_MAX_REFCOUNT_BYTES = 8 * MiB
_MAX_SNAPSHOTS = 65536
_NAMED_SNAPSHOTS = 256
_SHORTEST_VERSION_3 = 104


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fields:
    version: int
    backing_offset: int
    backing_length: int
    cluster_bits: int
    size: int
    encryption: int
    l1_entries: int
    l1_offset: int
    refcount_offset: int
    refcount_clusters: int
    snapshots: int
    snapshots_offset: int
    incompatible: int = 0
    refcount_order: int = 4
    header_length: int = 72
    compression: int = 0

    @classmethod
    def parse(cls, source: ImageBytes) -> Self:
        words = _FIXED_PART.unpack(source.read(0, _FIXED_PART.size, "header"))
        if words[0] != MAGIC or words[1] not in {2, 3}:
            raise source.malformed("it has no qcow2 header of version 2 or 3")
        names = ("version", "backing_offset", "backing_length", "cluster_bits", "size", "encryption", "l1_entries",
                 "l1_offset", "refcount_offset", "refcount_clusters", "snapshots", "snapshots_offset")  # fmt: skip
        fields = dict(zip(names, words[1:], strict=True))
        if words[1] == 3:
            later = _VERSION_3.unpack(source.read(_FIXED_PART.size, _VERSION_3.size, "header"))
            fields |= {"incompatible": later[0], "refcount_order": later[3], "header_length": later[4]}
            if later[4] > _SHORTEST_VERSION_3:
                fields["compression"] = source.read(_SHORTEST_VERSION_3, 1, "header")[0]
        return cls(**fields)

    @property
    def cluster_bytes(self) -> int:
        return 1 << self.cluster_bits

    @property
    def shortest_header(self) -> int:
        return _SHORTEST_VERSION_3 if self.version == 3 else _FIXED_PART.size

    @property
    def has_extended_l2(self) -> bool:
        return bool(self.incompatible & _EXTENDED_L2)

    @property
    def l2_entries(self) -> int:
        return self.cluster_bytes // (16 if self.has_extended_l2 else 8)


def read_qcow2(source: ImageBytes) -> ImageHeader:
    """Read header, extensions, snapshots and the active tables; refuse what lies in other files.

    A backing file is reported, not judged: that is the guard's business, which knows what the caller allowed.
    """
    fields = _Fields.parse(source)
    _require_sane_header(source, fields)
    extensions = dict(_extensions(source, fields))
    if fields.incompatible & _DATA_FILE or _DATA_FILE_NAME in extensions:
        raise source.unsafe(f"its bytes lie in an external data file, {shown(extensions.get(_DATA_FILE_NAME, b''))}")
    _require_sane_tables(source, fields)
    layout = _layout(fields)
    allocated = walk_tables(source, layout)
    return ImageHeader(
        format=DiskFormat.QCOW2,
        virtual_size=fields.size,
        file_size=source.size,
        subformat=_subformat(fields),
        notes=_notes(fields, was_walked=allocated is not None),
        path=source.path,
        files=(source.path,),
        blocks=None if fields.encryption else layout,
        allocated_bytes=allocated,
        snapshots=tuple(_snapshot_names(source, fields)),
        snapshot_count=fields.snapshots,
        encrypted=fields.encryption != 0,
        dirty=bool(fields.incompatible & _DIRTY),
        corrupt=bool(fields.incompatible & _CORRUPT),
        backing_name=_backing_name(source, fields),
        backing_format=extensions.get(_BACKING_FORMAT, b"").decode("ascii", "replace"),
    )


def _layout(fields: _Fields) -> Qcow2Layout:
    return Qcow2Layout(
        l1_offset=fields.l1_offset,
        l1_entries=fields.l1_entries,
        cluster_bits=fields.cluster_bits,
        is_extended=fields.has_extended_l2,
        virtual_size=fields.size,
        packing=_PACKINGS[fields.compression],
        has_zero_flag=fields.version >= 3,
    )


def _require_sane_header(source: ImageBytes, fields: _Fields) -> None:
    unknown = fields.incompatible & ~(_DIRTY | _CORRUPT | _DATA_FILE | _COMPRESSION | _EXTENDED_L2)
    if unknown:
        raise source.malformed(f"it needs features that nobody has documented (bits {unknown:#x})")
    if not 9 <= fields.cluster_bits <= 21:
        raise source.malformed(f"its cluster size of 2^{fields.cluster_bits} bytes is outside 512 bytes to 2 MiB")
    if fields.has_extended_l2 and fields.cluster_bits < 14:
        raise source.malformed("it claims subclusters in clusters too small for them")
    if fields.refcount_order > 6 or fields.encryption > 2 or fields.compression not in _COMPRESSIONS:
        raise source.malformed("it claims a refcount width, an encryption or a compression that does not exist")
    if bool(fields.compression) != bool(fields.incompatible & _COMPRESSION):
        raise source.malformed("its compression and the bit that must announce one do not fit together")
    if not fields.shortest_header <= fields.header_length <= fields.cluster_bytes or fields.header_length % 8:
        raise source.malformed(f"its header claims a length of {fields.header_length} bytes")
    source.require_sane_size(fields.size)


def _require_sane_tables(source: ImageBytes, fields: _Fields) -> None:
    if fields.l1_entries * 8 > _MAX_L1_BYTES:
        raise source.unsafe(f"it claims an L1 table of {fields.l1_entries} entries")
    if fields.refcount_clusters * fields.cluster_bytes > _MAX_REFCOUNT_BYTES:
        raise source.unsafe(f"it claims a refcount table of {fields.refcount_clusters} clusters")
    if fields.snapshots > _MAX_SNAPSHOTS:
        raise source.unsafe(f"it claims {fields.snapshots} snapshots")
    if fields.l1_entries * fields.l2_entries * fields.cluster_bytes < fields.size:
        raise source.malformed(f"its L1 table of {fields.l1_entries} entries cannot hold {fields.size} bytes")
    if (fields.l1_offset | fields.refcount_offset | fields.snapshots_offset) % fields.cluster_bytes:
        raise source.malformed("one of its tables does not begin at a cluster")
    if not fields.l1_offset or not fields.refcount_offset:
        raise source.malformed("it has no L1 table or no refcount table")
    source.require_inside(fields.l1_offset, fields.l1_entries * 8, "L1 table")
    _require_refcounts_inside(source, fields)


def _require_refcounts_inside(source: ImageBytes, fields: _Fields) -> None:
    """The refcount table may end inside the file's last cluster, which need not be written whole."""
    end = fields.refcount_offset + fields.refcount_clusters * fields.cluster_bytes
    source.require_inside(fields.refcount_offset, 8, "refcount table")
    if end > round_up(source.size, fields.cluster_bytes):
        source.require_inside(fields.refcount_offset, end - fields.refcount_offset, "refcount table")


def _extensions(source: ImageBytes, fields: _Fields) -> list[tuple[int, bytes]]:
    """Return the header extensions; they lie in the first cluster, before the backing file's name."""
    found = []
    place = fields.header_length
    end = min(fields.cluster_bytes, source.size)
    if fields.backing_offset:
        end = min(end, fields.backing_offset)
    while place + _EXTENSION.size <= end:
        kind, length = _EXTENSION.unpack(source.read(place, _EXTENSION.size, "header extension"))
        place += _EXTENSION.size
        if kind == 0:
            break
        if place + length > end:
            raise source.malformed(f"a header extension of {length} bytes reaches out of the first cluster")
        found.append((kind, source.read(place, length, "header extension")))
        place += round_up(length, 8)
    return found


def _backing_name(source: ImageBytes, fields: _Fields) -> bytes:
    if not fields.backing_offset:
        return b""
    if fields.backing_length > 1023 or fields.backing_offset + fields.backing_length > fields.cluster_bytes:
        raise source.malformed("the name of its backing file lies outside its first cluster")
    return source.read(fields.backing_offset, fields.backing_length, "backing file's name") or b"\0"


def _snapshot_names(source: ImageBytes, fields: _Fields) -> list[str]:
    names = []
    place = fields.snapshots_offset
    for _ in range(min(fields.snapshots, _NAMED_SNAPSHOTS)):
        words = _SNAPSHOT.unpack(source.read(place, _SNAPSHOT.size, "snapshot table"))
        id_length, name_length, extra = words[2], words[3], words[8]
        if extra > 1024:
            raise source.unsafe(f"a snapshot claims {extra} bytes of extra data")
        at_name = place + _SNAPSHOT.size + extra + id_length
        names.append(shown(source.read(at_name, name_length, "snapshot table")).strip('"'))
        place = round_up(at_name + name_length, 8)
    return names


def _subformat(fields: _Fields) -> str:
    compat = "1.1" if fields.version == 3 else "0.10"
    parts = [f"compat {compat}", f"clusters of {fields.cluster_bytes} bytes", _COMPRESSIONS[fields.compression]]
    return ", ".join([*parts, "extended L2"] if fields.has_extended_l2 else parts)


def _notes(fields: _Fields, *, was_walked: bool) -> tuple[str, ...]:
    said = {
        "it was not closed properly: its reference counts may be stale (dirty bit)": fields.incompatible & _DIRTY,
        "its writer marked it as corrupt": fields.incompatible & _CORRUPT,
        "it is encrypted": fields.encryption,
        f"it holds {fields.snapshots} internal snapshots; only the active state is read": fields.snapshots,
        "it has too many tables to look through them all": not was_walked,
    }
    return tuple(words for words, holds in said.items() if holds)
