"""Every format into every other, of disks of every shape, read back by qemu-img and, where there is one, by libyal."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.integration.test_convert_with_qemu import independently_raw, raw_disk
from tests.integration.test_independent_readers import require_library_agrees

from imgkit.disks.guard import read_header
from imgkit.model.disk import DiskImage
from imgkit.model.formats import WRITTEN_FORMATS, DiskFormat
from imgkit.stages.convert import convert_image
from imgkit.units import MiB

pytestmark = pytest.mark.tools("qemu-img", "mke2fs")


def file_system(path: Path, size: int, files: int, *, tail: bytes = b"") -> None:
    """Make a real ext4 with so many files of 50,000 random bytes; `tail` stands behind its end."""
    tree = path.with_name("tree")
    tree.mkdir()
    for number in range(files):
        (tree / f"file{number}").write_bytes(os.urandom(50_000))
    path.touch()
    os.truncate(path, size)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, path], check=True)
    with path.open("ab") as out:
        out.write(tail)


def make(path: Path, shape: str) -> None:
    match shape:
        case "sparse":
            file_system(path, 24 * MiB, 20)
        case "dense":
            file_system(path, 6 * MiB, 1)
            content = path.read_bytes()
            path.write_bytes(content[:MiB] + os.urandom(len(content) - MiB))  # no page of zeroes is left
        case "empty file system":
            file_system(path, 8 * MiB, 0)
        case "zeroes":
            raw_disk(path, 8 * MiB)
        case "odd size":
            file_system(path, 5 * MiB, 3, tail=b"tail" * 250 + b"!")
        case "one sector":
            raw_disk(path, 512, (0, b"x" * 512))


SHAPES = ("sparse", "dense", "empty file system", "zeroes", "odd size", "one sector")


@pytest.fixture(scope="module", params=SHAPES)
def disks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `disk.raw` of one shape, and that disk in every other format."""
    folder = tmp_path_factory.mktemp("matrix")
    raw = folder / "disk.raw"
    make(raw, request.param)
    for target in WRITTEN_FORMATS[1:]:
        image = DiskImage(path=raw, format=DiskFormat.RAW)
        assert convert_image(image, folder / f"disk{target.suffix}", to=target).proven
    return folder


@pytest.mark.parametrize("target", WRITTEN_FORMATS)
@pytest.mark.parametrize("source", WRITTEN_FORMATS)
def test_every_format_becomes_every_other_with_the_same_bytes(
    disks: Path, tmp_path: Path, source: DiskFormat, target: DiskFormat
) -> None:
    content = (disks / "disk.raw").read_bytes()
    is_raw = source is target is DiskFormat.RAW  # every other holds whole sectors, and keeps what it was given
    expected = content if is_raw else content + bytes(-len(content) % 512)
    image = DiskImage(path=disks / f"disk{source.suffix}", format=source)
    done = convert_image(image, tmp_path / f"made{target.suffix}", to=target)
    assert (done.proven, done.virtual_size) == (True, len(expected))
    assert read_header(done.path, stated=target).virtual_size == len(expected)
    if not is_raw or len(content) % 512 == 0:  # of an odd raw file qemu-img fills the last sector up
        made = DiskImage(path=done.path, format=target)
        assert independently_raw(made, tmp_path / "independent") == expected
    else:
        assert done.path.read_bytes() == expected
    require_library_agrees(target, done.path, f"plain {target}", expected)  # of these none may differ
    assert {path.name for path in tmp_path.iterdir()} <= {done.path.name, "independent"}
