"""The reader for each type of file system, and what its counters say."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from imgkit.disks.native.ext_reader import ExtReader
from imgkit.disks.native.ext_usage import ext_usage
from imgkit.disks.native.reader import FileSystemReader
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
    return reader, ext_usage(reader, volume)


def _xfs(volume: Bytes) -> Opened:
    reader = XfsReader(volume)
    return reader, xfs_usage(reader, volume)


_OPENERS: Mapping[str, Callable[[Bytes], Opened]] = MappingProxyType({"ext2": _ext, "ext3": _ext, "ext4": _ext, "xfs": _xfs})
