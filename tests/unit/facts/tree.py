"""A file tree in memory, as the port describes one: links stay inside, what is not there differs from what is shut."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Guest
from imgkit.model.tree import Entry, EntryKind

_MOST_HOPS = 40


@dataclass(frozen=True)
class Link:
    target: bytes


@dataclass(frozen=True)
class Shut:
    """Something that is there and cannot be read."""

    reason: str = "input/output error"


@dataclass(frozen=True)
class File:
    data: bytes
    modified_ns: int = 0
    mode: int = 0o644
    inode: int = 0
    links: int = 1
    size: int | None = None
    uid: int = 0
    gid: int = 0
    xattrs: Mapping[bytes, bytes] = field(default_factory=dict)
    changed_ns: int = 0


@dataclass(frozen=True)
class Folder:
    mode: int = 0o755
    inode: int = 0


@dataclass(frozen=True)
class Device:
    """A node that is neither file nor folder nor link; `kind` is one of stat's."""

    kind: int = stat.S_IFCHR
    mode: int = 0o600


Node = bytes | str | Link | Shut | File | Folder | Device
Nodes = Mapping[Any, Any]  # of paths to nodes; a mapping of mixed nodes would be one of objects to the type checker


class MemoryTree:
    """`MemoryTree({"/etc/hostname": "web\\n", "/bin": Link(b"usr/bin")})`; folders above a path come by themselves."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes: dict[bytes, Node] = {b"/": Folder()}
        for path, node in nodes.items():
            self._add(path.encode() if isinstance(path, str) else path, node)
        self.read_limits: list[int] = []

    def stat(self, path: bytes) -> Entry:
        found = self._resolve(path, follow=False)
        return _entry(found.rpartition(b"/")[2], self._nodes[found])

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        found = self._resolve(path, follow=True)
        node = self._nodes[found]
        if isinstance(node, Shut):
            raise CannotLookInside(f"{path!r}: {node.reason}")
        if not isinstance(node, Folder):
            raise CannotLookInside(f"{path!r} is no folder")
        start = found.rstrip(b"/") + b"/"
        names = sorted(one[len(start) :] for one in self._nodes if one.startswith(start) and one != b"/")
        return tuple(_entry(name, self._nodes[start + name]) for name in names if b"/" not in name)

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        self.read_limits.append(limit)
        node = self._nodes[self._resolve(path, follow=True)]
        if isinstance(node, Shut):
            raise CannotLookInside(f"{path!r}: {node.reason}")
        if isinstance(node, Folder | Link | Device):
            raise CannotLookInside(f"{path!r} is no regular file")
        return _content(node)[:limit]

    def read_link(self, path: bytes) -> bytes:
        node = self._nodes[self._resolve(path, follow=False)]
        if not isinstance(node, Link):
            raise CannotLookInside(f"{path!r} is no link")
        return node.target

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        node = self._nodes[self._resolve(path, follow=False)]
        return node.xattrs if isinstance(node, File) else {}

    def _add(self, path: bytes, node: Node) -> None:
        parent = path.rpartition(b"/")[0]
        while parent and parent not in self._nodes:
            self._nodes[parent] = Folder()
            parent = parent.rpartition(b"/")[0]
        self._nodes[path] = node

    def _resolve(self, path: bytes, *, follow: bool) -> bytes:
        waiting = [part for part in path.split(b"/") if part]
        done: list[bytes] = []
        hops = 0
        while waiting:
            part = waiting.pop(0)
            if part in {b".", b".."}:
                done = done[:-1] if part == b".." else done
                continue
            here = b"/" + b"/".join([*done, part])
            node = self._nodes.get(here)
            if isinstance(node, Link) and (waiting or follow):
                hops += 1
                if hops > _MOST_HOPS:
                    raise CannotLookInside(f"{path!r}: too many links")
                done = [] if node.target.startswith(b"/") else done
                waiting = [one for one in node.target.split(b"/") if one] + waiting
                continue
            if node is None:
                raise NoSuchPathInside(f"{path!r} is not there")
            done.append(part)
        return b"/" + b"/".join(done)


def guest_with(nodes: Nodes) -> Guest:
    """A guest of these files, under the name that the first partition of a system disk has."""
    return Guest(tree=MemoryTree(nodes), label="system:1")


def _content(node: Node) -> bytes:
    match node:
        case str():
            return node.encode()
        case bytes():
            return node
        case File():
            return node.data
    return b""


def _entry(name: bytes, node: Node) -> Entry:
    match node:
        case Folder():
            return Entry(name=name, kind=EntryKind.FOLDER, mode=stat.S_IFDIR | node.mode, links=2, inode=node.inode)
        case Device():
            return Entry(name=name, kind=EntryKind.OTHER, mode=node.kind | node.mode)
        case Link():
            return Entry(name=name, kind=EntryKind.LINK, size=len(node.target), mode=stat.S_IFLNK | 0o777)
        case File():
            return Entry(
                name=name,
                kind=EntryKind.FILE,
                size=len(node.data) if node.size is None else node.size,
                mode=stat.S_IFREG | node.mode,
                modified_ns=node.modified_ns,
                changed_ns=node.changed_ns,
                inode=node.inode,
                links=node.links,
                uid=node.uid,
                gid=node.gid,
            )
    return Entry(name=name, kind=EntryKind.FILE, size=len(_content(node)), mode=stat.S_IFREG | 0o644)
