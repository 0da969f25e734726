"""A folder of this machine as a file tree, links staying inside it: for trees that real programs look at too."""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.model.tree import Entry, EntryKind

_MOST_HOPS = 40


class FolderTree:
    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)

    def stat(self, path: bytes) -> Entry:
        return _entry(self._resolve(path, follow=False), path.rpartition(b"/")[2])

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        place = self._resolve(path, follow=True)
        try:
            names = sorted(os.listdir(place))  # noqa: PTH208  # names as bytes
        except NotADirectoryError as error:
            raise CannotLookInside(f"{path!r} is no folder") from error
        return tuple(_entry(place + b"/" + name, name) for name in names)

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        place = self._resolve(path, follow=True)
        if not os.path.isfile(place):  # noqa: PTH113  # a path as bytes
            raise CannotLookInside(f"{path!r} is no regular file")
        with open(place, "rb") as file:
            return file.read(limit)

    def read_link(self, path: bytes) -> bytes:
        return os.readlink(self._resolve(path, follow=False))  # noqa: PTH115  # as bytes

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        return {}

    def _resolve(self, path: bytes, *, follow: bool) -> bytes:
        waiting = [part for part in path.split(b"/") if part]
        done: list[bytes] = []
        hops = 0
        while waiting:
            part = waiting.pop(0)
            if part in {b".", b".."}:
                done = done[:-1] if part == b".." else done
                continue
            here = b"/".join([self._root, *done, part])
            if not os.path.lexists(here):
                raise NoSuchPathInside(f"{path!r} is not there")
            if stat.S_ISLNK(os.lstat(here).st_mode) and (waiting or follow):
                hops += 1
                if hops > _MOST_HOPS:
                    raise CannotLookInside(f"{path!r}: too many links")
                target = os.readlink(here)  # noqa: PTH115  # as bytes
                done = [] if target.startswith(b"/") else done
                waiting = [one for one in target.split(b"/") if one] + waiting
                continue
            done.append(part)
        return b"/".join([self._root, *done])


def _entry(place: bytes, name: bytes) -> Entry:
    found = os.lstat(place)
    kinds = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.FOLDER, stat.S_IFLNK: EntryKind.LINK}
    return Entry(
        name=name,
        kind=kinds.get(stat.S_IFMT(found.st_mode), EntryKind.OTHER),
        size=found.st_size,
        mode=found.st_mode,
        uid=found.st_uid,
        gid=found.st_gid,
        inode=found.st_ino,
        links=found.st_nlink,
        modified_ns=found.st_mtime_ns,
    )
