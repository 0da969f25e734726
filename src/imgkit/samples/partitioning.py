"""Disks as files: a partition table by sfdisk, and file systems put into partitions without zeroes being stored."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgkit.process import run
from imgkit.samples.programs import require_maker
from imgkit.units import SECTOR_BYTES, MiB

LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
LVM = "E6D6D379-F507-44C2-A23C-238F2A3DF928"
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
_BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartition:
    """`content` is a file that holds the partition's file system, None for an empty one."""

    start_bytes: int
    size_bytes: int
    type: str
    uuid: str
    name: str
    content: Path | None = None


def make_disk(path: Path, size_bytes: int, disk_uuid: str, partitions: Sequence[NewPartition]) -> None:
    """Make a sparse raw disk with a GPT and the partitions' content."""
    with path.open("xb") as disk:
        disk.truncate(size_bytes)
    with tempfile.TemporaryFile() as script:
        script.write(partition_script(disk_uuid, partitions).encode("ascii"))
        script.seek(0)
        run(
            [require_maker("sfdisk"), "--quiet", "--no-reread", "--no-tell-kernel", path],
            stdin=script,
            timeout_seconds=60,
        )
    for partition in partitions:
        if partition.content is not None:
            copy_into(partition.content, path, partition.start_bytes)


def partition_script(disk_uuid: str, partitions: Sequence[NewPartition]) -> str:
    """Return sfdisk's input; with every UUID given, the same table comes out each time."""
    lines = [
        f"start={one.start_bytes // SECTOR_BYTES}, size={one.size_bytes // SECTOR_BYTES}, "
        f'type={one.type}, uuid={one.uuid}, name="{one.name}"'
        for one in partitions
    ]
    return "\n".join(["label: gpt", f"label-id: {disk_uuid}", f"first-lba: {MiB // SECTOR_BYTES}", "", *lines, ""])


def copy_into(source: Path, disk: Path, offset: int) -> None:
    """Copy a file into a disk at an offset; what is zero there already is not written."""
    with source.open("rb") as content, disk.open("r+b") as target:
        for start, end in _data_runs(content.fileno()):
            position = start
            while position < end:
                block = os.pread(content.fileno(), min(_BLOCK_BYTES, end - position), position)
                if block.count(0) != len(block):
                    os.pwrite(target.fileno(), block, offset + position)
                position += len(block)


def _data_runs(handle: int) -> Iterator[tuple[int, int]]:
    size = os.fstat(handle).st_size
    position = 0
    while position < size:
        try:
            start = os.lseek(handle, position, os.SEEK_DATA)
        except OSError:  # ENXIO: only a hole is left
            return
        position = os.lseek(handle, start, os.SEEK_HOLE)
        yield start, position
