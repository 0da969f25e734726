"""libguestfs' C calls that take or give bytes, for the worker alone.

Like `guestfs_worker.py` it runs under the distribution's own Python: the standard library, and Python 3.9's syntax.
"""

from __future__ import annotations

import ctypes
from typing import Any

# fmt: off
STATNS_FIELDS = (
    "dev", "ino", "mode", "nlink", "uid", "gid", "rdev", "size", "blksize", "blocks",
    "atime_sec", "atime_nsec", "mtime_sec", "mtime_nsec", "ctime_sec", "ctime_nsec",
    "spare1", "spare2", "spare3", "spare4", "spare5", "spare6",
)
ANSWERED_FIELDS = (
    "mode", "size", "uid", "gid", "ino", "nlink", "dev",
    "mtime_sec", "mtime_nsec", "atime_sec", "atime_nsec", "ctime_sec", "ctime_nsec",
)
# fmt: on


class StatNs(ctypes.Structure):
    """`struct guestfs_statns` of guestfs(3)."""

    _fields_ = [(name, ctypes.c_int64) for name in STATNS_FIELDS]


class StatNsList(ctypes.Structure):
    """`struct guestfs_statns_list` of guestfs(3)."""

    _fields_ = [("len", ctypes.c_uint32), ("val", ctypes.POINTER(StatNs))]


class Xattr(ctypes.Structure):
    """`struct guestfs_xattr` of guestfs(3)."""

    _fields_ = [("name", ctypes.c_char_p), ("length", ctypes.c_uint32), ("value", ctypes.c_void_p)]


class XattrList(ctypes.Structure):
    """`struct guestfs_xattr_list` of guestfs(3)."""

    _fields_ = [("len", ctypes.c_uint32), ("val", ctypes.POINTER(Xattr))]


class CryptsetupOptions(ctypes.Structure):
    """`struct guestfs_cryptsetup_open_argv` of guestfs(3); each bit of the mask says that a field is given."""

    _fields_ = [("bitmask", ctypes.c_uint64), ("readonly", ctypes.c_int), ("crypttype", ctypes.c_char_p)]


class Refused(Exception):
    """An answer without result; `number` is the appliance's errno, 0 where it gave none."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


class ByteCalls:
    """The calls whose arguments or results are bytes, straight into the C library that the binding has loaded."""

    def __init__(self, pointer: int) -> None:
        self._handle = ctypes.c_void_p(pointer)
        self._guestfs = ctypes.CDLL("libguestfs.so.0")
        self._guestfs.guestfs_last_error.restype = ctypes.c_char_p
        self._libc = ctypes.CDLL(None)
        self._libc.free.argtypes = [ctypes.c_void_p]

    def last_errno(self) -> int:
        return int(self._guestfs.guestfs_last_errno(self._handle))

    def text(self, name: str, *words: bytes) -> bytes:
        """Call a function that returns a string."""
        call = self._function(name, ctypes.c_void_p)
        found = call(self._handle, *words)
        if not found:
            raise self._refused()
        try:
            return ctypes.string_at(found)
        finally:
            self._libc.free(found)

    def act(self, name: str, *words: bytes) -> None:
        """Call a function that returns nothing but its success."""
        if self._function(name, ctypes.c_int)(self._handle, *words) == -1:
            raise self._refused()

    def stat(self, path: bytes, *, follow: bool) -> list[int]:
        name = "statns" if follow else "lstatns"
        found = self._function(name, ctypes.POINTER(StatNs))(self._handle, path)
        if not found:
            raise self._refused()
        try:
            return _numbers(found.contents)
        finally:
            self._function("free_statns", None)(found)

    def stat_each(self, folder: bytes, names: list[bytes]) -> list[list[int] | None]:
        """Describe entries of one folder in one round trip; None where it cannot be."""
        words = (ctypes.c_char_p * (len(names) + 1))(*names, None)
        found = self._function("lstatnslist", ctypes.POINTER(StatNsList))(self._handle, folder, words)
        if not found:
            raise self._refused()
        try:
            rows = [found.contents.val[index] for index in range(found.contents.len)]
            return [None if row.ino == -1 else _numbers(row) for row in rows]
        finally:
            self._function("free_statns_list", None)(found)

    def xattrs(self, path: bytes) -> list[tuple[bytes, bytes]]:
        return self._pairs(self._function("lgetxattrs", ctypes.POINTER(XattrList))(self._handle, path))

    def xattrs_each(self, folder: bytes, names: list[bytes]) -> list[list[tuple[bytes, bytes]] | None]:
        """Give the attributes of entries of one folder in one round trip; None for what cannot be asked."""
        words = (ctypes.c_char_p * (len(names) + 1))(*names, None)
        call = self._function("lxattrlist", ctypes.POINTER(XattrList))
        return parted(self._pairs(call(self._handle, folder, words)))

    def _pairs(self, found: Any) -> list[tuple[bytes, bytes]]:
        if not found:
            raise self._refused()
        try:
            rows = [found.contents.val[index] for index in range(found.contents.len)]
            return [(row.name, ctypes.string_at(row.value, row.length)) for row in rows]
        finally:
            self._function("free_xattr_list", None)(found)

    def pread(self, path: bytes, count: int, offset: int) -> bytes:
        size = ctypes.c_size_t()
        call = self._function("pread", ctypes.c_void_p)
        found = call(self._handle, path, ctypes.c_int(count), ctypes.c_int64(offset), ctypes.byref(size))
        if not found:
            raise self._refused()
        try:
            return ctypes.string_at(found, size.value)
        finally:
            self._libc.free(found)

    def open_encrypted(self, device: bytes, key: bytes, name: bytes) -> None:
        """Open LUKS or BitLocker as /dev/mapper/`name`; libguestfs leaves the key out of its own log.

        Not read-only: a journal inside could not be replayed then, and the drive is an overlay that is thrown away.
        """
        options = CryptsetupOptions(bitmask=0)
        call = self._function("cryptsetup_open_argv", ctypes.c_int)
        if call(self._handle, device, key, name, ctypes.byref(options)) == -1:
            raise self._refused()

    def _function(self, name: str, result: Any) -> Any:
        found = getattr(self._guestfs, "guestfs_" + name)
        found.restype = result
        return found

    def _refused(self) -> Refused:
        message = self._guestfs.guestfs_last_error(self._handle) or b"libguestfs gave no reason"
        return Refused(message.decode("utf-8", "backslashreplace"), self.last_errno())


def parted(pairs: list[tuple[bytes, bytes]]) -> list[list[tuple[bytes, bytes]] | None]:
    """Part what lxattrlist gives: before each entry's attributes stands their number, nameless; empty: it failed."""
    found: list[list[tuple[bytes, bytes]] | None] = []
    for name, value in pairs:
        if not name:
            found.append([] if value else None)
        elif found and found[-1] is not None:
            found[-1].append((name, value))
    return found


def _numbers(row: StatNs) -> list[int]:
    return [getattr(row, name) for name in ANSWERED_FIELDS]
