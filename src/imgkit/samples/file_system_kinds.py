"""File systems of every kind that a Linux machine's disks hold, made empty by the real programs."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.process import run
from imgkit.samples.programs import require_maker
from imgkit.units import MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystemKind:
    """`mount` are the words between `mount` and the device; `plain`: it knows neither owners nor links."""

    name: str
    make: tuple[str, ...]
    size_bytes: int = 64 * MiB
    mount: str = ""
    plain: bool = False


def _ext(name: str, *options: str, version: str = "ext4", size_bytes: int = 64 * MiB) -> FileSystemKind:
    make = ("mke2fs", "-q", "-F", "-t", version, *options)
    return FileSystemKind(name=name, make=make, size_bytes=size_bytes)


def _xfs(name: str, *options: str) -> FileSystemKind:
    return FileSystemKind(name=name, make=("mkfs.xfs", "-q", *options), size_bytes=320 * MiB)


def _plain(name: str, *make: str, size_bytes: int = 64 * MiB, mount: str = "") -> FileSystemKind:
    return FileSystemKind(name=name, make=make, size_bytes=size_bytes, mount=mount, plain=True)


KINDS = (
    _ext("ext2-1k", "-b", "1024", version="ext2", size_bytes=48 * MiB),
    _ext("ext3", version="ext3"),
    _ext("ext3-128", "-I", "128", "-O", "dir_index", version="ext3"),
    _ext("ext4"),
    _ext("ext4-1k", "-b", "1024"),
    _ext("ext4-inline", "-O", "inline_data"),
    _ext("ext4-bigalloc", "-O", "bigalloc", size_bytes=128 * MiB),
    _ext("ext4-ea-inode", "-O", "ea_inode,large_dir"),
    _ext("ext4-casefold", "-O", "casefold", "-E", "encoding=utf8"),
    _ext("ext4-encrypt", "-O", "encrypt"),
    _ext("ext4-seed", "-O", "metadata_csum,metadata_csum_seed,orphan_file,64bit"),
    _ext("ext4-plain", "-O", "^metadata_csum,^64bit,^flex_bg,^dir_index,^extent"),
    _xfs("xfs"),
    _xfs("xfs-16k", "-n", "size=16384"),
    _xfs("xfs-1k", "-b", "size=1024"),
    _xfs("xfs-1970", "-m", "bigtime=0"),
    _xfs("xfs-nrext64", "-i", "nrext64=1"),
    _xfs("xfs-v4", "-m", "crc=0,finobt=0,rmapbt=0,reflink=0"),
    _plain("fat12", "mkfs.vfat", "-F", "12", size_bytes=16 * MiB, mount="-t vfat -o iocharset=utf8"),
    _plain("fat16", "mkfs.vfat", "-F", "16", mount="-t vfat -o iocharset=utf8"),
    _plain("fat32", "mkfs.vfat", "-F", "32", size_bytes=80 * MiB, mount="-t vfat -o iocharset=utf8"),
    _plain("exfat", "mkfs.exfat", mount="-t exfat"),
    _plain("ntfs", "mkntfs", "-q", "-F", "-f", mount="-t ntfs-3g"),
)


def make_empty(target: Path, kind: FileSystemKind) -> None:
    """Make a file that holds an empty file system. Raises ToolMissing naming the package."""
    with target.open("xb") as file:
        file.truncate(kind.size_bytes)
    program, *options = kind.make
    run([require_maker(program), *options, target], timeout_seconds=300)
