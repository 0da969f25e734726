"""A whole tree as a table, by whichever engine reads it, so that two of them can be laid side by side."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from imgkit.disks.tree_guestfs import GuestfsTree
from imgkit.disks.tree_native import NativeTree
from imgkit.model.tree import Entry, EntryKind
from imgkit.ports import FileTree

_BLOCK = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All that is known of one path. `digest` is of a regular file, `target` of a link."""

    entry: Entry
    target: bytes = b""
    digest: str = ""
    xattrs: Mapping[bytes, bytes] = field(default_factory=dict)


def walk(tree: FileTree) -> dict[bytes, Entry]:
    """Return every entry by its path, the top as `/`."""
    found = {b"/": tree.stat(b"/")}
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        for entry in tree.list_folder(folder or b"/"):
            path = folder + b"/" + entry.name
            found[path] = entry
            if entry.kind is EntryKind.FOLDER:
                waiting.append(path)
    return found


def rows_by_native(tree: NativeTree) -> dict[bytes, Row]:
    return {path: _row_by_native(tree, path, entry) for path, entry in walk(tree).items()}


def rows_by_guestfs(tree: GuestfsTree) -> dict[bytes, Row]:
    """Names and numbers by the sweep, digests and links by one call each: all of it is the kernel's own reading."""
    digests, links = tree.digests(), tree.links()
    return {
        path: Row(
            entry=entry, target=links.get(path, b""), digest=digests.get(path, ""), xattrs=dict(tree.xattrs(path))
        )
        for path, entry in walk(tree).items()
    }


def _row_by_native(tree: NativeTree, path: bytes, entry: Entry) -> Row:
    target = tree.read_link(path) if entry.kind is EntryKind.LINK else b""
    return Row(entry=entry, target=target, digest=_digest(tree, path, entry), xattrs=dict(tree.xattrs(path)))


def _digest(tree: NativeTree, path: bytes, entry: Entry) -> str:
    if entry.kind is not EntryKind.FILE:
        return ""
    digest = hashlib.sha256()
    for part in tree.read_parts(path, limit=_BLOCK):
        digest.update(part)
    return digest.hexdigest()
