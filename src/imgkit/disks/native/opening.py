"""The reader for each type of file system, and what its counters say."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from imgkit.disks.native.ext_reader import ExtReader
from imgkit.disks.native.ext_usage import ext_usage
from imgkit.disks.native.fat_usage import exfat_usage, fat_usage, ntfs_usage
from imgkit.disks.native.reader import BROKEN, FileSystemReader, reason_of
from imgkit.disks.native.tsk_reader import TskReader
from imgkit.disks.native.usage import Usage
from imgkit.disks.native.volume import Bytes
from imgkit.disks.native.xfs_reader import XfsReader
from imgkit.disks.native.xfs_usage import xfs_usage
from imgkit.errors import CannotLookInside

Opened = tuple[FileSystemReader, Usage]


def open_file_system(kind: str, volume: Bytes) -> Opened:
    """Open a file system read-only. Raises CannotLookInside for a type that imgkit does not read by itself."""
    opener = _OPENERS.get(kind)
    if opener is None:
        raise CannotLookInside(f"{kind} is not read by imgkit itself; libguestfs may (--engine guestfs)")
    return opener(volume)


def _ext(volume: Bytes) -> Opened:
    reader = ExtReader(volume)
    return reader, _counted(lambda: ext_usage(reader, volume))


def _xfs(volume: Bytes) -> Opened:
    reader = XfsReader(volume)
    usage = _counted(lambda: xfs_usage(reader, volume))
    if reader.superblock.needs_repair:
        usage = replace(usage, error="it is marked as needing repair, and no kernel mounts it")
    return reader, usage


def _fat(volume: Bytes) -> Opened:
    reader = TskReader("vfat", volume)
    return reader, replace(_counted(lambda: fat_usage(volume)), label=reader.label)


def _exfat(volume: Bytes) -> Opened:
    reader = TskReader("exfat", volume)
    return reader, replace(_counted(lambda: exfat_usage(volume)), label=reader.label)


def _ntfs(volume: Bytes) -> Opened:
    reader = TskReader("ntfs", volume)
    return reader, replace(_counted(lambda: ntfs_usage(reader, volume)), label=reader.label)


_OPENERS: Mapping[str, Callable[[Bytes], Opened]] = MappingProxyType(
    {"ext2": _ext, "ext3": _ext, "ext4": _ext, "xfs": _xfs, "vfat": _fat, "exfat": _exfat, "ntfs": _ntfs}
)


def _counted(count: Callable[[], Usage]) -> Usage:
    """Counters that are damaged are no reason to leave the files alone."""
    try:
        return count()
    except BROKEN as error:
        return Usage(error=f"how full it is could not be counted: {reason_of(error)}")
