"""How full FAT, exFAT and NTFS are: their own tables counted."""

from struct import unpack_from
from typing import Literal

from imgkit.disks.native.ntfs_log import read_log_state
from imgkit.disks.native.reader import BROKEN
from imgkit.disks.native.tsk_reader import TskReader
from imgkit.disks.native.usage import Usage
from imgkit.disks.native.volume import Bytes
from imgkit.errors import CannotLookInside
from imgkit.model.storage import Journal
from imgkit.units import KiB, MiB

_BITMAP_FILE, _DATA = 6, 0x80
_LARGEST_MAP = 512 * MiB
_OWN_BITS = b"\xff\xff\xff\x0f"  # the upper four bits of an entry are not FAT32's to say
_PIECE = 1 * MiB


def fat_usage(volume: Bytes) -> Usage:
    """Count the free entries of the first table."""
    boot = volume.read(0, 512)
    sector, each = unpack_from("<HB", boot, 11)
    reserved, tables, roots, small = unpack_from("<HBHH", boot, 14)
    short, large, long = (
        unpack_from("<H", boot, 22)[0],
        unpack_from("<I", boot, 32)[0],
        unpack_from("<I", boot, 36)[0],
    )
    if sector not in {512, 1024, 2048, 4096} or not each:
        raise CannotLookInside("the boot sector of the FAT is damaged")
    table_sectors, total = short or long, small or large
    data = total - reserved - tables * table_sectors - -(-roots * 32 // sector)
    clusters = data // each
    width = 32 if not short else 16 if clusters >= 4085 else 12
    size = min(table_sectors * sector, -(-(clusters + 2) * width // 8))
    free = _free_entries(_whole(volume, reserved * sector, size), width, clusters)
    return _usage(clusters, free, each * sector)


def _free_entries(table: bytes, width: int, clusters: int) -> int:
    if width == 12:
        table += bytes(3)
        pairs = (
            (table[at] | (table[at + 1] & 0xF) << 8, table[at + 1] >> 4 | table[at + 2] << 4)
            for at in range(0, len(table) - 2, 3)
        )
        entries = [entry for pair in pairs for entry in pair]
        return entries[2 : clusters + 2].count(0)
    if width == 16:
        return _entries(table, "H")[2 : clusters + 2].count(0)
    free, most = 0, len(table) // 4
    for start in range(0, len(table), _PIECE):
        piece = table[start : start + _PIECE]
        own = int.from_bytes(piece, "little") & int.from_bytes(_OWN_BITS * (len(piece) // 4), "little")
        first = start // 4
        entries = _entries(own.to_bytes(len(piece), "little"), "I")
        free += entries[max(0, 2 - first) : max(0, min(clusters + 2, most) - first)].count(0)
    return free


def _entries(table: bytes, kind: Literal["H", "I"]) -> list[int]:
    width = 2 if kind == "H" else 4
    return memoryview(table[: len(table) // width * width]).cast(kind).tolist()


def exfat_usage(volume: Bytes) -> Usage:
    """Count the bitmap; the root folder says where it lies."""
    boot = volume.read(0, 512)
    heap, clusters, root = unpack_from("<III", boot, 88)
    sector_shift, cluster_shift = boot[108], boot[109]
    if not 9 <= sector_shift <= 12 or cluster_shift > 25 - sector_shift:
        raise CannotLookInside("the boot sector of the exFAT is damaged")
    cluster = 1 << (sector_shift + cluster_shift)
    start = (heap << sector_shift) - 2 * cluster
    folder = volume.read(start + root * cluster, min(cluster, 64 * KiB))
    for at in range(0, len(folder), 32):
        if folder[at] == 0x81:
            first, size = unpack_from("<IQ", folder, at + 20)
            return _usage(clusters, _free_bits(_whole(volume, start + first * cluster, size), clusters), cluster)
    raise CannotLookInside("there is no bitmap where the root folder of an exFAT has it")


def ntfs_usage(reader: TskReader, volume: Bytes) -> Usage:
    """Count NTFS' own bitmap, and see whether its log was closed."""
    boot = volume.read(0, 512)
    sector, each = unpack_from("<Hb", boot, 11)
    sectors = unpack_from("<Q", boot, 40)[0]
    cluster = sector * each if each > 0 else 1 << -each
    clusters = sectors * sector // cluster if cluster else 0
    bitmap = reader.attribute(_BITMAP_FILE, _DATA, _LARGEST_MAP)
    found = _usage(clusters, _free_bits(bitmap, clusters), cluster)
    return Usage(
        size_bytes=found.size_bytes,
        used_bytes=found.used_bytes,
        free_bytes=found.free_bytes,
        journal=_log(volume),
    )


def _log(volume: Bytes) -> Journal:
    """A log that is damaged leaves the numbers alone."""
    try:
        return read_log_state(volume)
    except BROKEN:
        return Journal.UNKNOWN


def _free_bits(bitmap: bytes, clusters: int) -> int:
    if len(bitmap) * 8 < clusters:
        raise CannotLookInside("the bitmap is smaller than the file system")
    whole, rest = divmod(clusters, 8)
    used = int.from_bytes(bitmap[:whole], "little").bit_count()
    if rest:
        used += (bitmap[whole] & ((1 << rest) - 1)).bit_count()
    return clusters - used


def _whole(volume: Bytes, start: int, size: int) -> bytes:
    if size > _LARGEST_MAP // 8:
        raise CannotLookInside(f"a table of {size} bytes is not counted")
    return volume.read(start, size)


def _usage(clusters: int, free: int, cluster_bytes: int) -> Usage:
    return Usage(
        size_bytes=clusters * cluster_bytes,
        used_bytes=(clusters - free) * cluster_bytes,
        free_bytes=free * cluster_bytes,
    )
