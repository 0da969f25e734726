"""A tree of all that file systems can hold and readers stumble over, as a tar archive for a kernel to unpack."""

import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

from imgkit.samples.file_systems import MADE
from imgkit.units import KiB, MiB

IN_1960, IN_2040, IN_2500 = "-315619199.876543211", "2208988800.123456789", "16725225600.5"
LARGE_UID, LARGE_GID = 100_000, 4_000_000_000
SIZES = (0, 1, 59, 60, 61, 155, 156, 157, 1023, 1024, 1025, 4095, 4096, 4097, 12 * KiB + 1, 268 * KiB + 3, 3 * MiB + 7)
HOSTILE_NAMES = (
    b"new\nline",
    b"escape \x1b[2J\x1b]0;title\x07",
    b"not utf-8 caf\xe9 \xff\xfe",
    b"bidi \xe2\x80\xaetxt.exe",
    b"n" * 255,
    "ü".encode() * 127,
    b"-rf",
    b" blanks at both ends ",
    b"back\\slash \\033 \"quotes\" 'single'",
    b"[red]markup[bold] %s %n {0}",
    b"tab\there\rreturn\x7f\x01",
    b"# file: not-an-attribute",
    b"semi;colon $(touch x) `id` | & * ? ~",
    b"...",
)
_PLAIN_NAMES = ("ümlaut.txt", "中文.txt", "A long name with blanks.and.dots", "UPPER.TXT", "lower.txt", "emoji 🙂")
MANY_LINKS, MANY_NAMES, DEPTH = 300, 1500, 60


def write_awkward_tar(target: Path) -> None:
    """Write the tree for file systems that know owners, rights, links and any name."""
    with tarfile.open(target, "x", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in _entries():
            archive.addfile(entry, io.BytesIO(content) if content else None)


def write_plain_tar(target: Path) -> None:
    """Write a tree for FAT, exFAT and NTFS: files and folders, and names of any language."""
    with tarfile.open(target, "x", format=tarfile.PAX_FORMAT) as archive:
        for name, content in _plain_files():
            archive.addfile(_file(name.encode(), content), io.BytesIO(content))


def _entries() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for make in (_sized, _owned, _dated, _with_rights, _linked, _pointing, _special, _hostile, _many, _deep):
        yield from make()


def _sized() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    noise = random.Random(MADE)  # noqa: S311  # the same tree each time is the point
    for size in SIZES:
        content = noise.randbytes(size)
        yield _file(b"sizes/%d" % size, content), content


def _owned() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for number, (uid, gid) in enumerate(((LARGE_UID, LARGE_GID), (65_535, 65_536), (1000, 0))):
        entry = _file(b"owners/%d" % number, b"owned")
        entry.uid, entry.gid = uid, gid
        yield entry, b"owned"


def _dated() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name, moment in ((b"1960", IN_1960), (b"2040", IN_2040), (b"2500", IN_2500), (b"1970", "0"), (b"1901", "-2e9")):
        entry = _file(b"times/" + name, name)
        entry.pax_headers = {"mtime": moment.replace("-2e9", "-2000000000")}
        yield entry, name


def _with_rights() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for mode in (0o4755, 0o2755, 0o6711, 0o1777, 0o000, 0o777, 0o640):
        entry = _file(b"rights/%o" % mode, b"#!/bin/sh\n")
        entry.mode = mode
        yield entry, b"#!/bin/sh\n"
    folder = tarfile.TarInfo("rights/sticky")
    folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o1777, MADE
    yield folder, b""


def _linked() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    content = b"one file, many names\n"
    yield _file(b"links/0", content), content
    for number in range(1, MANY_LINKS):
        entry = _plain(b"links/%d" % number, tarfile.LNKTYPE)
        entry.linkname = "links/0"
        yield entry, b""


def _pointing() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    targets = {
        b"short": b"../sizes/60",
        b"absolute": b"/sizes/60",
        b"outside": b"../../../../../../etc/hostname",
        b"loop": b"loop",
        b"dangling": b"/nowhere/at/all",
        b"not utf-8": b"caf\xe9",
        b"59": b"a" * 59,
        b"60": b"b" * 60,
        b"long": b"c/" * 500,
        b"to folder": b"../sizes",
    }
    for name, target in targets.items():
        entry = _plain(b"pointers/" + name, tarfile.SYMTYPE)
        entry.linkname = _text(target)
        yield entry, b""


def _special() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    yield _plain(b"special/fifo", tarfile.FIFOTYPE), b""
    for name, kind, major, minor in ((b"null", tarfile.CHRTYPE, 1, 3), (b"disk", tarfile.BLKTYPE, 259, 70_000)):
        entry = _plain(b"special/" + name, kind)
        entry.devmajor, entry.devminor = major, minor
        yield entry, b""


def _hostile() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for number, name in enumerate(HOSTILE_NAMES):
        content = b"hostile %d" % number
        yield _file(b"hostile/" + name, content), content
        yield _file(b"hostile/" + name[:250] + b".d/inside", content), content


def _many() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for number in range(MANY_NAMES):
        yield _file(b"many/a name that takes some room %06d" % number, b"%d" % number), b"%d" % number


def _deep() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    yield _file(b"deep/" + b"folder/" * DEPTH + b"bottom", b"deep"), b"deep"


def _plain_files() -> Iterator[tuple[str, bytes]]:
    noise = random.Random(MADE)  # noqa: S311  # the same tree each time is the point
    for size in SIZES:
        yield f"sizes/{size}", noise.randbytes(size)
    for name in (
        "ümlaut.txt",
        "中文文件.txt",
        "A long name with blanks.and.dots",
        "UPPER.TXT",
        "lower.txt",
        "emoji 🙂.txt",
    ):
        yield f"names/{name}", name.encode()
    for number in range(300):
        yield f"many/a name that takes some room {number:06d}.dat", b"%d" % number
    yield "deep/" + "f/" * 20 + "bottom", b"deep"


def _file(name: bytes, content: bytes) -> tarfile.TarInfo:
    entry = _plain(name, tarfile.REGTYPE)
    entry.size = len(content)
    return entry


def _plain(name: bytes, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(_text(name))
    entry.type, entry.mode, entry.mtime = kind, 0o644, MADE
    return entry


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
