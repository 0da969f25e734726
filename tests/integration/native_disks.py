"""Small file systems with everything awkward in them, made without mounting, for second opinions."""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytsk3

from imgkit.samples.programs import require_maker

NAMES = (
    b"\xff\xfe no text",
    b"new\nline",
    b"esc\x1b[2J",
    "bidi\u202e".encode(),
    b"x" * 255,
    b"..hidden",
    b"-rf",
    b"a\\b",
    "ümlaut".encode(),
)
SIZES = (0, 1, 59, 60, 61, 156, 160, 4095, 4096, 4097, 300_001)
LINKS = {b"/short": b"x", b"/l59": b"t" * 59, b"/l60": b"u" * 60, b"/long": b"/" + b"v" * 300}
NANOSECONDS = 123_456_789
TIMES = (-300_000_000, 0, 2_220_000_000, 7_258_118_400)


@dataclass(frozen=True, slots=True)
class Made:
    """A file system, and what stands in it: content by path."""

    path: Path
    type: str
    files: dict[bytes, bytes]


def content(folder: Path, *, blanks: bool = True) -> dict[bytes, bytes]:
    """Fill a folder; `blanks` says whether names may hold blanks and line ends."""
    rng = Random(1)
    files = {b"/sizes/s%d" % size: rng.randbytes(size) for size in SIZES}
    files |= {b"/many/file-number-%05d" % number: b"%d" % number for number in range(700)}
    files |= {b"/names/" + name: name for name in NAMES if blanks or not set(name) & set(b" \n")}
    for path, data in files.items():
        place = Path(os.fsdecode(os.fsencode(folder) + path))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
    for number in range(len(TIMES)):
        (folder / "sizes" / f"time{number}").write_bytes(b"t")
        files[b"/sizes/time%d" % number] = b"t"
    for name, target in LINKS.items():
        (folder / os.fsdecode(name[1:])).symlink_to(os.fsdecode(target))
    return files


EXT_VARIANTS = {
    "ext2": ("-t", "ext2"),
    "ext3": ("-t", "ext3"),
    "ext4": ("-t", "ext4"),
    "ext4-1k": ("-t", "ext4", "-b", "1024"),
    "ext2-128": ("-t", "ext2", "-I", "128", "-b", "1024"),
    "ext4-inline": ("-t", "ext4", "-O", "inline_data", "-I", "256"),
    "ext4-bigalloc": ("-t", "ext4", "-O", "bigalloc", "-C", "65536"),
    "ext4-large": ("-t", "ext4", "-O", "large_dir,ea_inode"),
    "ext4-meta": ("-t", "ext4", "-O", "meta_bg,^resize_inode", "-b", "1024"),
    "ext4-untyped": ("-t", "ext4", "-O", "^filetype"),
    "ext4-casefold": ("-t", "ext4", "-O", "casefold"),
    "ext4-csum": ("-t", "ext4", "-O", "metadata_csum,metadata_csum_seed,64bit"),
}
XFS_VARIANTS = {
    "xfs": (),
    "xfs-v4": ("-m", "crc=0"),
    "xfs-16k-folders": ("-n", "size=16384"),
    "xfs-1k": ("-b", "size=1024"),
    "xfs-small-time": ("-m", "bigtime=0"),
    "xfs-large-inodes": ("-i", "size=2048"),
}


def make_ext(scratch: Path, variant: str) -> Made:
    """Make a file system of the ext family by mke2fs."""
    source, path = scratch / "content", scratch / f"{variant}.img"
    source.mkdir()
    files = content(source)
    with path.open("xb") as file:
        file.truncate(64 << 20)
    run: list[str | Path] = [require_maker("mke2fs"), "-q", "-F", *EXT_VARIANTS[variant], "-d", source, path]
    subprocess.run(run, check=True, capture_output=True)
    if variant != "ext2-128":
        _set_times(path)
    return Made(path, "ext4", files)


def _set_times(path: Path) -> None:
    """mke2fs cuts times to 32 bits: the others are written into the inodes, with nanoseconds beside them."""
    for number, moment in enumerate(TIMES):
        low = (moment + 2**31) % 2**32 - 2**31
        extra = ((moment - low) >> 32) & 3 | NANOSECONDS << 2
        for field, value in (("mtime", f"@{low % 2**32}"), ("mtime_extra", str(extra))):
            asked = f"set_inode_field /sizes/time{number} {field} {value}"
            subprocess.run([require_maker("debugfs"), "-w", "-R", asked, path], check=True, capture_output=True)


def make_xfs(scratch: Path, variant: str) -> Made:
    """Make an XFS by mkfs.xfs, whose prototype file cannot hold blanks."""
    source, path, proto = scratch / "content", scratch / f"{variant}.img", scratch / "proto"
    source.mkdir()
    files = content(source, blanks=False)
    (source / "long").unlink()  # mkfs.xfs before 6.9 writes it without a header, and no kernel reads that
    proto.write_bytes(b"\n".join([b"none", b"0 0", b"d--755 0 0", *_proto(os.fsencode(source)), b"$", b""]))
    run: list[str | Path] = [require_maker("mkfs.xfs"), "-q", *XFS_VARIANTS[variant], "-p", proto]
    run += ["-d", f"file,name={path},size=320m"]
    subprocess.run(run, check=True, capture_output=True)
    return Made(path, "xfs", files)


def _proto(folder: bytes) -> Iterator[bytes]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.is_symlink():
            yield b"%s l--777 0 0 %s" % (entry.name, os.fsencode(Path(os.fsdecode(entry.path)).readlink()))
        elif entry.is_dir():
            yield b"%s d--755 0 0" % entry.name
            yield from _proto(entry.path)
            yield b"$"
        else:
            yield b"%s ---644 100000 7 %s" % (entry.name, entry.path)


def open_log_of_ntfs(source: Path, target: Path) -> None:
    """Copy an NTFS as a machine leaves it that was not shut down: the newer restart page of its log has a user.

    Where the log lies is the Sleuth Kit's word; the layout of a page is that of the Linux-NTFS project.
    """
    shutil.copyfile(source, target)
    system = pytsk3.FS_Info(pytsk3.Img_Info(str(target)), 0)
    log = next(one for one in system.open_meta(2) if int(one.info.type) == 0x80)
    first = next(iter(log))
    with target.open("r+b") as disk:
        disk.seek(first.addr * system.info.block_size)
        disk.write(_restart_page(5, users=0xFFFF) + _restart_page(6, users=0))


def _restart_page(newest: int, *, users: int) -> bytes:
    area = struct.pack("<HxxxxxxQHHHH", 32, newest, 1, 0, users, 0)
    return (b"RSTR".ljust(24, b"\0") + area).ljust(4096, b"\0")
