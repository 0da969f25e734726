"""File systems by their own makers, read natively: every byte is what went in, and other readers say the same.

The second opinions are libfsext, libfsxfs and the Sleuth Kit, each where it does not refuse; they share no code with
imgkit, and the first two none with each other.
"""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyfsext
import pyfsxfs
import pytest
from tests.integration.native_disks import (
    EXT_VARIANTS,
    LINKS,
    NANOSECONDS,
    TIMES,
    XFS_VARIANTS,
    Made,
    make_ext,
    make_xfs,
)

from imgkit.disks.machine_native import open_native_machine
from imgkit.disks.tree_native import NativeTree
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.tree import Entry, EntryKind

Walked = dict[bytes, tuple[Entry, bytes]]


def walk(tree: NativeTree, folder: bytes = b"") -> Iterator[tuple[bytes, Entry]]:
    for entry in tree.list_folder(folder or b"/"):
        yield folder + b"/" + entry.name, entry
        if entry.kind is EntryKind.FOLDER:
            yield from walk(tree, folder + b"/" + entry.name)


def read(made: Made) -> Walked:
    """Every path, what it is, and what it holds."""
    with open_native_machine([DiskImage(path=made.path, format=DiskFormat.RAW)]) as machine:
        tree = machine.file_system_tree("system")
        return {path: (entry, holds(tree, path, entry)) for path, entry in walk(tree)}


def holds(tree: NativeTree, path: bytes, entry: Entry) -> bytes:
    if entry.kind is EntryKind.LINK:
        return tree.read_link(path)
    return tree.read_file(path, limit=1 << 30) if entry.kind is EntryKind.FILE else b""


def require_what_went_in(found: Walked, made: Made) -> None:
    assert {path: data for path, (entry, data) in found.items() if entry.kind is EntryKind.FILE} == made.files
    links = {path: data for path, (entry, data) in found.items() if entry.kind is EntryKind.LINK}
    assert links == {path: target for path, target in LINKS.items() if made.type != "xfs" or path != b"/long"}


def require_agreement(found: Walked, ask: Callable[[int], Any], *, largest: int = 1 << 30) -> None:
    """Ask a library of the libyal family for each inode that we found: it says the same."""
    for path, (entry, data) in found.items():
        theirs = ask(entry.inode)
        assert theirs.file_mode == entry.mode, path
        assert (theirs.owner_identifier, theirs.group_identifier) == (entry.uid, entry.gid), path
        assert theirs.get_modification_time_as_integer() == entry.modified_ns, path
        if stat.S_ISREG(entry.mode) and entry.size <= largest:
            assert (theirs.size, theirs.read(entry.size) if entry.size else b"") == (entry.size, data), path


@pytest.mark.tools("mke2fs")
@pytest.mark.parametrize("variant", EXT_VARIANTS)
def test_every_variant_of_ext_holds_what_went_in_and_libfsext_agrees(tmp_path: Path, variant: str) -> None:
    made = make_ext(tmp_path, variant)
    found = read(made)
    assert found.pop(b"/lost+found")[0].kind is EntryKind.FOLDER
    require_what_went_in(found, made)
    if variant != "ext2-128":  # 128 bytes have no room for more than the seconds of 1901 to 2038
        for number, moment in enumerate(TIMES):
            assert found[b"/sizes/time%d" % number][0].modified_ns == moment * 10**9 + NANOSECONDS
    if variant in {"ext4-large", "ext4-casefold"}:
        return  # libfsext refuses these features
    volume = pyfsext.volume()
    volume.open(str(made.path))
    # Of a file in its inode libfsext 20260821 gives the first 60 bytes and zeroes behind them.
    require_agreement(found, volume.get_file_entry_by_inode, largest=60 if variant == "ext4-inline" else 1 << 30)
    volume.close()


@pytest.mark.tools("mkfs.xfs")
@pytest.mark.parametrize("variant", XFS_VARIANTS)
def test_every_variant_of_xfs_holds_what_went_in_and_libfsxfs_agrees(tmp_path: Path, variant: str) -> None:
    made = make_xfs(tmp_path, variant)
    found = read(made)
    require_what_went_in(found, made)
    volume = pyfsxfs.volume()
    volume.open(str(made.path))
    require_agreement(found, volume.get_file_entry_by_inode)
    volume.close()
