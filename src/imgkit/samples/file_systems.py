"""File systems made as files by mke2fs and mkfs.xfs from a folder, owned as a real machine's are."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imgkit.process import run
from imgkit.samples.programs import require_maker

MADE = 1_709_251_200  # 2024-03-01 00:00:00 UTC, the date of everything on these disks
_FIXED_TIME = {"E2FSPROGS_FAKE_TIME": str(MADE), "SOURCE_DATE_EPOCH": str(MADE)}
_FIRST_INODE = 11  # lost+found; mke2fs -d numbers what follows without gaps


@dataclass(frozen=True, slots=True)
class Owner:
    uid: int
    gid: int


def make_ext4(
    target: Path, folder: Path, *, size_bytes: int, uuid: str, label: str, owners: Mapping[str, Owner] | None = None
) -> None:
    """Make an ext4 with the content of `folder`. All belongs to root but for `owners`, whoever runs this."""
    set_times(folder)
    with target.open("xb") as file:
        file.truncate(size_bytes)
    argv: list[str | bytes | Path] = [
        require_maker("mke2fs"),
        "-q",
        "-F",  # the target is a file, and there is nobody to ask
        "-t",
        "ext4",
        "-d",
        folder,
        "-L",
        label,
        "-U",
        uuid,
        "-E",
        f"hash_seed={uuid},root_owner=0:0",
        "-J",
        "size=4",
        target,
    ]
    run(argv, env=_FIXED_TIME, timeout_seconds=300)
    _set_owners(target, owners or {})


def make_xfs(target: Path, folder: Path, *, size_bytes: int, uuid: str, label: str) -> None:
    """Make an XFS with the content of `folder`, all of it root's. mkfs.xfs dates it now, so it differs each time."""
    with target.open("xb") as file:
        file.truncate(size_bytes)
    with tempfile.TemporaryDirectory(prefix="imgkit-proto-") as made:
        proto = Path(made) / "proto"
        proto.write_bytes(b"\n".join([b"none", b"0 0", b"d--755 0 0", *_proto_lines(os.fsencode(folder)), b"$", b""]))
        argv: list[str | bytes | Path] = [
            require_maker("mkfs.xfs"),
            "-q",
            "-m",
            f"uuid={uuid}",
            "-L",
            label,
            "-p",
            proto,
            target,
        ]
        run(argv, timeout_seconds=300)


def set_times(folder: Path) -> None:
    """Give everything in a folder the same date, links themselves included."""
    for parent, folders, files in os.walk(os.fsencode(folder), topdown=False):
        for name in [*folders, *files]:
            os.utime(os.path.join(parent, name), (MADE, MADE), follow_symlinks=False)  # noqa: PTH118  # names are bytes
    os.utime(folder, (MADE, MADE))


def _set_owners(image: Path, owners: Mapping[str, Owner]) -> None:
    """Write owners and dates into the inodes: mke2fs took them from the files of whoever runs this."""
    used = _used_inodes(image)
    with tempfile.NamedTemporaryFile("w", prefix="imgkit-debugfs-", encoding="utf-8") as script:
        for inode in [2, *range(_FIRST_INODE, used + 1)]:
            script.writelines(f"sif <{inode}> {name} {value}\n" for name, value in _plain_inode())
        for path, owner in owners.items():
            script.write(f'sif "{path}" uid {owner.uid}\nsif "{path}" gid {owner.gid}\n')
        script.flush()
        run([require_maker("debugfs"), "-w", "-f", script.name, image], env=_FIXED_TIME, timeout_seconds=300)


def _plain_inode() -> Iterator[tuple[str, str]]:
    yield from (("uid", "0"), ("gid", "0"))
    for name in ("atime", "ctime", "mtime", "crtime"):
        yield name, f"@{MADE}"
        yield f"{name}_extra", "0"


def _used_inodes(image: Path) -> int:
    done = run([require_maker("debugfs"), "-R", "stats -h", image], timeout_seconds=60)
    counts = dict(
        re.findall(r"^(Inode count|Free inodes):\s+(\d+)$", done.stdout.decode(errors="replace"), re.MULTILINE)
    )
    return int(counts["Inode count"]) - int(counts["Free inodes"])


def _proto_lines(folder: bytes) -> Iterator[bytes]:
    """Yield the lines of mkfs.xfs's prototype file for a folder's content; its names may not hold blanks."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        mode = b"%03o" % (entry.stat(follow_symlinks=False).st_mode & 0o777)
        if entry.is_symlink():
            yield b"%s l--%s 0 0 %s" % (entry.name, mode, os.readlink(entry.path))  # noqa: PTH115  # names are bytes
        elif entry.is_dir():
            yield b"%s d--%s 0 0" % (entry.name, mode)
            yield from _proto_lines(entry.path)
            yield b"$"
        else:
            yield b"%s ---%s 0 0 %s" % (entry.name, mode, entry.path)
