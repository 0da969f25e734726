"""A libguestfs worker in memory: answers by name and arguments, files by path; it records what was asked."""

import errno
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imgkit.tools.guestfs import FileStat, GuestfsRefused
from imgkit.units import KiB


@dataclass(kw_only=True)
class FakeWorker:
    """`answers` by (name, *arguments) or by name; an exception there is raised. `files` by mountable and path."""

    answers: dict[Any, Any] = field(default_factory=dict)
    files: Mapping[str, Mapping[bytes, bytes]] = field(default_factory=dict)
    mounts: dict[bytes, str] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    unmountable: frozenset[str] = frozenset()
    zfs: Mapping[str, Any] = field(default_factory=lambda: {"driver": "programs", "pools": []})
    opens: Mapping[str, bytes] = field(default_factory=dict)

    def find_pools(self, devices: Sequence[str]) -> Any:
        self.asked.append(("find_pools", *devices))
        return self.zfs

    def open_dataset(self, dataset: str, key: bytes) -> None:
        if self.opens.get(dataset) != key:
            raise GuestfsRefused("Key load error: Incorrect key provided for 'x'.")

    def call(self, name: str, *args: Any, **_: Any) -> Any:
        self.asked.append((name, *args))
        if name == "umount_all":
            self.mounts.clear()
            return None
        return self._answer(name, args)

    def text(self, name: str, *words: bytes) -> bytes:
        if name == "realpath":
            return words[0]
        answer: bytes = self._answer(name, tuple(word.decode() for word in words))
        return answer

    def mount(self, what: str, folder: bytes, *, options: str) -> None:
        self.asked.append(("mount", what, folder, options))
        if what in self.unmountable:
            raise GuestfsRefused(f"mount_options: {what}: wrong fs type", errno.ENOENT)
        self.mounts[folder] = what

    def stat(self, path: bytes, *, follow: bool = False) -> FileStat:
        mode = stat.S_IFDIR | 0o755 if self._find(path) is None else stat.S_IFREG | 0o644
        return file_stat(mode, size=len(self._find(path) or b""))

    def list_folder(self, path: bytes) -> list[tuple[bytes, FileStat | None]]:
        self._find(path)
        return [(b"b", file_stat(stat.S_IFREG)), (b"a", file_stat(stat.S_IFLNK)), (b"broken", None)]

    def xattrs(self, path: bytes) -> dict[bytes, bytes]:
        self._find(path)
        return {b"user.note": b"kept"}

    def xattrs_each(self, folder: bytes, names: Sequence[bytes]) -> list[dict[bytes, bytes] | None]:
        self.asked.append(("xattrs_each", folder, *names))
        return [None if name.startswith(b"broken") else {b"user.name": name} for name in names]

    def sweep(self, kind: str) -> Iterator[bytes]:
        raise GuestfsRefused(f"debug: no program for {kind}", errno.ENOSYS)

    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        yield from self.read_from(path, 0, limit=limit)

    def read_from(self, path: bytes, offset: int, *, limit: int) -> Iterator[bytes]:
        content = self._find(path)
        if content is None:
            raise GuestfsRefused("not a regular file", errno.EISDIR)
        for at in range(offset, min(offset + limit, len(content)), 2):
            yield content[at : min(at + 2, offset + limit)]

    def stored(self, path: bytes, *, most: int) -> list[tuple[int, int]]:
        content = self._find(path)
        if content is None:
            raise GuestfsRefused("not a regular file", errno.EISDIR)
        return [(0, len(content))][:most]

    def _answer(self, name: str, args: tuple[Any, ...]) -> Any:
        answer = self.answers.get((name, *args), self.answers.get(name))
        if isinstance(answer, Exception):
            raise answer
        if answer is None and name == "pread_device" and args[1:] == (68 * KiB, 0):
            return b"\1" * 68 * KiB  # something, and no partition table
        if answer is None:
            raise GuestfsRefused(f"{name}: no such thing")
        return answer

    def _find(self, path: bytes) -> bytes | None:
        """Return a file's content, None for a folder. Raises GuestfsRefused where there is nothing."""
        for folder, mountable in sorted(self.mounts.items(), reverse=True):
            below = path.removeprefix(folder.rstrip(b"/"))
            if path == folder or ((below != path or folder == b"/") and below in self.files.get(mountable, {})):
                return self.files.get(mountable, {}).get(below)
            if any(name.startswith(below.rstrip(b"/") + b"/") for name in self.files.get(mountable, {})):
                return None
        raise GuestfsRefused(f"lstatns: {path!r}: No such file or directory", errno.ENOENT)


def file_stat(mode: int, *, size: int = 0) -> FileStat:
    return FileStat(
        mode=mode,
        size=size,
        uid=0,
        gid=0,
        inode=1,
        links=1,
        device=7,
        modified_ns=1_500_000_000,
        accessed_ns=0,
        changed_ns=0,
    )
