"""Reading FAT, exFAT and NTFS through the Sleuth Kit's library, which knows them best of what can be had as a wheel."""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from struct import unpack_from
from typing import Any, TypeVar

import pytsk3

from imgkit.disks.native.reader import MOST_NAMES, PART_BYTES, Name, Row, Stretch, plain_name
from imgkit.disks.native.volume import Bytes, Cached
from imgkit.errors import CannotLookInside, ImgkitError, NeedsKey

TYPES = {
    "vfat": pytsk3.TSK_FS_TYPE_FAT_DETECT,
    "exfat": pytsk3.TSK_FS_TYPE_EXFAT,
    "ntfs": pytsk3.TSK_FS_TYPE_NTFS,
}
_LABEL_SUFFIX = b" (Volume Label Entry)"
_EXFAT_TABLES = frozenset({b"$ALLOC_BITMAP", b"$UPCASE_TABLE"})
_EXFAT_OTHERS = frozenset({0x81, 0x82, 0x83, 0x03})
_VIRTUAL = frozenset({10, 11})  # TSK_FS_NAME_TYPE_VIRT and _VIRT_DIR, which the binding lacks as numbers
_MOST_BEFORE_LABEL = 256
_INDEX = 0xA0
_OWN_FILES = 24  # the first records of NTFS describe NTFS itself
_NANO = 1_000_000_000
_WRITABLE = 0o222
_READABLE = 0o444  # the library takes these away from what is read-only
_KINDS = {
    int(pytsk3.TSK_FS_META_TYPE_REG): stat.S_IFREG,
    int(pytsk3.TSK_FS_META_TYPE_DIR): stat.S_IFDIR,
    int(pytsk3.TSK_FS_META_TYPE_LNK): stat.S_IFLNK,
}

T = TypeVar("T")


class _Image(pytsk3.Img_Info):  # type: ignore[misc]  # the library has no types
    """The volume as the library wants it; what went wrong while reading is kept for the message."""

    def __init__(self, volume: Cached) -> None:
        self._volume = volume
        self.error: ImgkitError | None = None
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def read(self, offset: int, size: int) -> bytes:
        try:
            return self._volume.read(offset, max(0, min(size, self._volume.size - offset)))
        except ImgkitError as error:
            self.error = error
            raise OSError(error.message) from error

    def get_size(self) -> int:
        return self._volume.size

    def close(self) -> None:
        """The volume belongs to somebody else."""


class TskReader:
    """One FAT, exFAT or NTFS. Rights and owners are those that Linux gives where the file system has none."""

    def __init__(self, kind: str, volume: Bytes) -> None:
        self._kind = kind
        self._volume = Cached(volume)
        self._image = _Image(self._volume)
        self._data_start = _data_start(kind, self._volume.read(0, 512))
        self._fs: Any = self._guarded(lambda: pytsk3.FS_Info(self._image, 0, TYPES[kind]))
        self.label = ""
        self._read_label()

    @property
    def root(self) -> int:
        return int(self._fs.info.root_inum)

    def row(self, inode: int) -> Row:
        file = self._file(inode)
        meta = file.info.meta
        kind = _KINDS.get(int(meta.type), 0)
        rights = 0o777 if self._kind == "ntfs" else 0o755
        if self._kind != "ntfs" and kind == stat.S_IFREG and not int(meta.mode) & _READABLE:
            rights &= ~_WRITABLE
        size = self._index_bytes(file) if self._kind == "ntfs" and kind == stat.S_IFDIR else int(meta.size)
        born = meta.crtime * _NANO + meta.crtime_nano if meta.crtime else None
        return Row(
            kind | rights,
            size,
            0,
            0,
            inode,
            max(1, int(meta.nlink)),
            meta.mtime * _NANO + meta.mtime_nano,
            meta.atime * _NANO + meta.atime_nano,
            (meta.ctime or meta.mtime) * _NANO + (meta.ctime_nano if meta.ctime else meta.mtime_nano),
            born,
        )

    def names(self, inode: int) -> Sequence[Name]:
        return self._guarded(lambda: list(self._names(inode)))

    def parts(self, inode: int, offset: int, length: int) -> Iterator[bytes]:
        file = self._file(inode)
        if int(file.info.meta.type) != int(pytsk3.TSK_FS_META_TYPE_REG):
            raise CannotLookInside("it is no regular file")
        if self._kind == "ntfs" and self._is_encrypted(file):
            raise NeedsKey("it is encrypted (EFS), and no key was given")
        end = min(offset + length, int(file.info.meta.size))
        while offset < end:
            at, count = offset, min(PART_BYTES, end - offset)
            part = self._read(file, at, count)
            if not part:
                raise CannotLookInside(f"it ends at byte {offset}")
            yield part
            offset += len(part)

    def stored(self, inode: int) -> Iterator[Stretch]:
        """All of it: holes are not told apart."""
        yield Stretch(0, int(self._file(inode).info.meta.size))

    def link_target(self, inode: int) -> bytes:
        raise CannotLookInside(f"links of {self._kind} are not read (inode {inode})")

    def xattrs(self, inode: int) -> Mapping[bytes, bytes]:
        self._file(inode)
        return {}

    def attribute(self, inode: int, kind: int, limit: int) -> bytes:
        """Return the first bytes of an attribute of NTFS, none where it has none of that kind."""
        file = self._file(inode)
        for one in self._guarded(lambda: list(file)):
            if int(one.info.type) == kind:
                size = min(int(one.info.size), limit)
                return self._read(file, 0, size, one.info.type, one.info.id)
        return b""

    def _index_bytes(self, file: Any) -> int:
        """The size of a folder is what drivers of Linux say: that of its index outside of its own record."""
        attributes = self._guarded(lambda: list(file))
        return next((int(one.info.size) for one in attributes if int(one.info.type) == _INDEX), 0)

    def _names(self, inode: int) -> Iterator[Name]:
        for count, entry in enumerate(self._fs.open_dir(inode=inode)):
            if count > MOST_NAMES:
                raise CannotLookInside(f"the folder holds more than {MOST_NAMES:,} names, and is not listed")
            found = entry.info.name
            name = bytes(found.name or b"")
            if name in {b"", b".", b".."} or not int(found.flags) & int(pytsk3.TSK_FS_NAME_FLAG_ALLOC):
                continue
            if not self._is_made_up(inode, found, name):
                yield Name(plain_name(name), int(found.meta_addr))

    def _is_made_up(self, folder: int, found: Any, name: bytes) -> bool:
        """The library shows what it finds beside the files as files too: labels, tables, lost files."""
        if int(found.type) in _VIRTUAL:
            return True
        if self._kind == "ntfs":
            return folder == self.root and int(found.meta_addr) < _OWN_FILES
        if folder != self.root or not (name.endswith(_LABEL_SUFFIX) or name in _EXFAT_TABLES):
            return False
        return self._is_no_file(int(found.meta_addr))

    def _is_no_file(self, inode: int) -> bool:
        """Look at the entry itself: anybody may call a file what the library calls a label or a table."""
        raw = self._volume.read(self._data_start + (inode - 3) * 32, 32)
        if self._kind == "exfat":
            return raw[0] in _EXFAT_OTHERS
        return raw[11] & 0x3F != 0x0F and bool(raw[11] & 0x08)

    def _read_label(self) -> None:
        if self._kind == "ntfs":
            self.label = self.attribute(3, 0x60, 256).decode("utf-16-le", "backslashreplace")
            return
        for entry in self._guarded(lambda: list(islice(self._fs.open_dir(inode=self.root), _MOST_BEFORE_LABEL))):
            name = bytes(entry.info.name.name or b"")
            if name.endswith(_LABEL_SUFFIX) and self._is_no_file(int(entry.info.name.meta_addr)):
                self.label = name.removesuffix(_LABEL_SUFFIX).decode("utf-8", "backslashreplace").rstrip()

    def _is_encrypted(self, file: Any) -> bool:
        return any(
            int(one.info.flags) & int(pytsk3.TSK_FS_ATTR_ENC) and int(one.info.type) == 0x80
            for one in self._guarded(lambda: list(file))
        )

    def _read(self, file: Any, offset: int, size: int, *attribute: Any) -> bytes:
        return self._guarded(lambda: bytes(file.read_random(offset, size, *attribute))) if size else b""

    def _file(self, inode: int) -> Any:
        file = self._guarded(lambda: self._fs.open_meta(inode))
        if file.info.meta is None:
            raise CannotLookInside(f"inode {inode} is empty")
        return file

    def _guarded(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            if self._image.error is not None:
                cause, self._image.error = self._image.error, None
                raise CannotLookInside(cause.message) from error
            raise CannotLookInside(f"the Sleuth Kit cannot read it: {_brief(error)}") from error


def _data_start(kind: str, boot: bytes) -> int:
    """Return where the library begins to number entries: behind the tables."""
    if kind == "exfat":
        return int(unpack_from("<I", boot, 88)[0]) << min(boot[108], 12)
    sector, _, reserved, tables = unpack_from("<HBHB", boot, 11)
    return int(sector * (reserved + tables * (unpack_from("<H", boot, 22)[0] or unpack_from("<I", boot, 36)[0])))


def _brief(error: Exception) -> str:
    """The library's errors begin with the place in its own source."""
    return (str(error).splitlines() or [""])[0].rpartition(") ")[2][:200]
