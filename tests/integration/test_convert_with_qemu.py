"""Conversions by the real qemu-img: all pairs, exact sizes, proofs, and what is left when it goes wrong."""

import hashlib
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import pyvmdk

from imgkit.disks.guard import identify, read_header
from imgkit.errors import DiskImageUnsafe, FormatCannotHold, NoRoom, ToolFailed
from imgkit.model.converted import ConvertedImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import WRITTEN_FORMATS, DiskFormat
from imgkit.stages import convert as stage
from imgkit.stages.convert import convert_image
from imgkit.tools import qemu_img
from imgkit.units import GiB, KiB, MiB, TiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd")

FORMATS = WRITTEN_FORMATS
OTHERS = [disk_format for disk_format in FORMATS if disk_format is not DiskFormat.RAW]


def raw_disk(path: Path, size: int, *runs: tuple[int, bytes]) -> DiskImage:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, content in runs:
            file.seek(offset)
            file.write(content)
    return DiskImage(path=path, format=DiskFormat.RAW)


def to(image: DiskImage, path: Path, **more: object) -> DiskImage:
    made = convert_image(image, path, **more)  # type: ignore[arg-type]  # the tests pass what the stage takes
    assert made.proven
    return DiskImage(path=path, format=made.format)


def independently_raw(image: DiskImage, path: Path) -> bytes:
    """Read an image with qemu-img alone, without any of our own nodes or readers."""
    extra = ",force_size_calc=current_size" if image.format is DiskFormat.VHD else ""
    options = f"driver={image.format.qemu_name},file.driver=file,file.filename={image.path}{extra}"
    subprocess.run(["qemu-img", "convert", "--image-opts", options, "-O", "raw", path], check=True)
    return path.read_bytes()


SHAPES = {
    "empty": (8 * MiB, []),
    "one sector": (512, [(0, b"x" * 512)]),
    "dense": (6 * MiB, [(0, bytes(range(1, 256)) * (6 * MiB // 255 + 1))]),
    "odd": (5 * MiB + 1001, [(5 * MiB - 7, b"y" * 1008)]),
    "only the last sector": (33 * MiB + 1536, [(33 * MiB + 1024, b"z" * 512)]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("target", OTHERS)
def test_every_shape_survives(tmp_path: Path, shape: str, target: DiskFormat) -> None:
    size, runs = SHAPES[shape]
    image = raw_disk(tmp_path / "disk.raw", size, *[(offset, content[: size - offset]) for offset, content in runs])
    made = convert_image(image, tmp_path / "made", to=target)
    content = image.path.read_bytes()
    padded = content + bytes(-size % 512)
    assert (made.virtual_size, made.source_size) == (len(padded), size)
    assert independently_raw(DiskImage(path=made.path, format=target), tmp_path / "independent") == padded
    back = to(DiskImage(path=made.path, format=target), tmp_path / "back.raw", to=DiskFormat.RAW)
    assert back.path.read_bytes() == padded
    assert made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("target", "options", "subformat"),
    [
        (DiskFormat.VHD, {"subformat": "fixed"}, "fixed"),
        (DiskFormat.VDI, {"static": "on"}, "static"),
        (DiskFormat.VMDK, {"subformat": "monolithicFlat", "adapter_type": "lsilogic"}, "monolithicFlat"),
        (DiskFormat.VMDK, {"subformat": "streamOptimized"}, "streamOptimized"),
        (DiskFormat.QCOW2, {"compat": "0.10"}, "compat 0.10, clusters of 65536 bytes, zlib"),
        (DiskFormat.QCOW2, {"extended_l2": "on", "cluster_size": "128k"},
         "compat 1.1, clusters of 131072 bytes, zlib, extended L2"),
    ],
)  # fmt: skip
def test_options_are_passed_on(tmp_path: Path, target: DiskFormat, options: dict[str, str], subformat: str) -> None:
    image = raw_disk(tmp_path / "disk.raw", 3 * MiB, (MiB, os.urandom(MiB)))
    made = convert_image(image, tmp_path / "made.img", to=target, options=options)
    assert read_header(made.path, stated=None).subformat == subformat
    assert made.proven


@pytest.mark.parametrize("target", [DiskFormat.QCOW2, DiskFormat.VMDK])
def test_compression_makes_it_smaller_and_keeps_the_bytes(tmp_path: Path, target: DiskFormat) -> None:
    image = raw_disk(tmp_path / "disk.raw", 16 * MiB, (0, b"well compressible " * 500_000))
    plain = convert_image(image, tmp_path / "plain", to=target)
    small = convert_image(image, tmp_path / "small", to=target, compress=True)
    assert small.proven
    assert small.files[0].size * 5 < plain.files[0].size
    assert ("zstd" if target is DiskFormat.QCOW2 else "streamOptimized") in read_header(
        small.path, stated=None
    ).subformat


@pytest.mark.parametrize("target", [DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VDI, DiskFormat.VMDK])
def test_three_tebibytes_of_nearly_nothing(tmp_path: Path, target: DiskFormat) -> None:
    image = raw_disk(tmp_path / "disk.raw", 3 * TiB, (0, b"first"), (TiB, b"middle"), (3 * TiB - 4, b"last"))
    made = convert_image(image, tmp_path / "made", to=target, hash_files=False)
    assert (made.proven, made.virtual_size) == (True, 3 * TiB)
    if target is DiskFormat.VMDK:  # qemu-img compare takes a minute for this one
        handle = pyvmdk.handle()
        handle.open(str(made.path))
        handle.open_extent_data_files()
        found = [handle.read_buffer_at_offset(6, offset) for offset in (0, TiB, 3 * TiB - 6)]
        assert (handle.get_media_size(), found) == (3 * TiB, [b"first\0", b"middle", b"\0\0last"])
        handle.close()
    else:
        formats = ("-f", "raw", "-F", target.qemu_name)
        subprocess.run(["qemu-img", "compare", "-q", *formats, image.path, made.path], check=True)
    assert made.path.stat().st_blocks * 512 < GiB


def test_a_vhd_of_just_2040_gib_is_held(tmp_path: Path) -> None:
    image = raw_disk(tmp_path / "disk.raw", 2040 * GiB, (2040 * GiB - 512, b"z" * 512))
    assert convert_image(image, tmp_path / "made.vhd", to=DiskFormat.VHD).virtual_size == 2040 * GiB
    larger = raw_disk(tmp_path / "larger.raw", 2040 * GiB + 512)
    with pytest.raises(FormatCannotHold):
        convert_image(larger, tmp_path / "larger.vhd", to=DiskFormat.VHD)


@pytest.mark.parametrize("target", FORMATS)
def test_a_raw_disk_that_begins_like_a_hostile_qcow2_is_converted_as_it_is(tmp_path: Path, target: DiskFormat) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"the host's secret" * 10_000)
    path = tmp_path / "disk.raw"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", path], check=True)
    os.truncate(path, -(-path.stat().st_size // 512) * 512)
    made = to(DiskImage(path=path, format=DiskFormat.RAW), tmp_path / "made", to=target)
    assert independently_raw(made, tmp_path / "independent") == path.read_bytes()
    assert b"host's" not in made.path.read_bytes()


@pytest.mark.parametrize("target", FORMATS)
def test_no_byte_of_a_backing_file_reaches_an_output(tmp_path: Path, target: DiskFormat) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"the host's secret" * 10_000)
    path = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", path], check=True)
    with pytest.raises(DiskImageUnsafe):
        convert_image(DiskImage(path=path, format=DiskFormat.QCOW2), tmp_path / "made", to=target)
    assert {left.name for left in tmp_path.iterdir()} == {"secret", "disk.qcow2"}


@pytest.mark.parametrize(
    "name", [b"nbd:x", b"-c", b"a,b=c", b"new\nline", b"\xff\xfe", b'x"\nparentFileNameHint="y', b"json:{}"]
)
@pytest.mark.parametrize("target", FORMATS)
def test_the_name_of_a_result_is_only_a_name(
    tmp_path: Path, target: DiskFormat, name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image = raw_disk(tmp_path / "disk.raw", MiB, (0, b"boot"))
    made = convert_image(image, Path(os.fsdecode(name)), to=target)
    assert made.path == Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    assert made.path.is_file()
    assert identify(made.path) is target


class Interrupting:
    """Progress that is interrupted as soon as the work named `title` has begun to move."""

    def __init__(self, title: str, after: int) -> None:
        self.title = title
        self.after = after
        self.interrupted = False

    def bar(self, title: str, *, total: int | None, unit: str = "B") -> "InterruptingBar":
        return InterruptingBar(self, title)


class InterruptingBar:
    def __init__(self, owner: Interrupting, title: str) -> None:
        self.owner = owner
        self.title = title

    def set_done(self, done: int) -> None:
        if self.title.startswith(self.owner.title) and done >= self.owner.after:
            self.owner.interrupted = True
            raise KeyboardInterrupt

    def note(self, words: str) -> None:
        """Draw nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""


@pytest.mark.parametrize(("title", "after"), [("Converting", 1), ("Proving", 4 * MiB)])
@pytest.mark.parametrize("target", [DiskFormat.RAW, DiskFormat.QCOW2])
def test_an_interruption_at_any_point_leaves_nothing(
    tmp_path: Path, target: DiskFormat, title: str, after: int
) -> None:
    image = raw_disk(tmp_path / "disk.raw", 24 * MiB, (0, os.urandom(24 * MiB)))
    progress = Interrupting(title, after)
    with pytest.raises(KeyboardInterrupt):
        convert_image(image, tmp_path / "made", to=target, progress=progress)
    assert progress.interrupted
    assert [left.name for left in tmp_path.iterdir()] == ["disk.raw"]


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    class Recording(Interrupting):
        def bar(self, title: str, *, total: int | None, unit: str = "B") -> InterruptingBar:
            class Bar(InterruptingBar):
                def set_done(self, done: int) -> None:
                    seen[f"{title} {unit}"] = done

            return Bar(self, title)

    image = raw_disk(tmp_path / "disk.raw", 8 * MiB, (0, os.urandom(8 * MiB)))
    convert_image(image, tmp_path / "made", to=DiskFormat.VDI, progress=Recording("", 0))
    assert seen == {"Converting to vdi %": 100, "Proving the vdi B": 8 * MiB}


@pytest.fixture
def small_disk(tmp_path: Path) -> "object":
    """A file system of 8 MiB that root can mount, so that writing really ends in ENOSPC."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this container may not mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("target", FORMATS)
def test_a_disk_that_fills_up_is_no_room_and_leaves_nothing(
    tmp_path: Path, small_disk: Path, target: DiskFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = raw_disk(tmp_path / "disk.raw", 16 * MiB, (0, os.urandom(16 * MiB)))
    with pytest.raises(NoRoom, match="free"):
        convert_image(image, small_disk / "made", to=target)
    monkeypatch.setattr(stage, "_require_room", lambda *_: None)
    with pytest.raises(NoRoom, match="no room left"):
        convert_image(image, small_disk / "made", to=target)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("target", OTHERS)
def test_our_upper_bound_holds(tmp_path: Path, target: DiskFormat) -> None:
    from imgkit.disks.guest_view import open_guest_view
    from imgkit.disks.room_bound import room_bound

    runs = [(place * 5 * MiB + place * 777, os.urandom(100 * KiB)) for place in range(12)]
    image = raw_disk(tmp_path / "disk.raw", 64 * MiB, *runs)
    with open_guest_view(image) as view:
        bound = room_bound(view.extents(), view.size, target, {})
    made = convert_image(image, tmp_path / "made", to=target)
    assert made.path.stat().st_blocks * 512 <= bound
    assert made.files[0].size <= bound


def test_a_qemu_img_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = programs / "qemu-img"
    fake.write_text('#!/bin/sh\n[ "$1" != --version ] || { echo qemu-img version 9.9.9; exit; }\nexec sleep 600\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(qemu_img, "_WALL_SECONDS_EACH_CPU_SECOND", 0.001)
    image = raw_disk(tmp_path / "disk.raw", MiB)
    with pytest.raises(ToolFailed, match=r"qemu-img did not finish within 0\.6 s"):
        convert_image(image, tmp_path / "made", to=DiskFormat.QCOW2)
    assert {left.name for left in tmp_path.iterdir()} == {"disk.raw", "bin"}


def test_words_that_qemu_does_not_know_are_its_own_error(tmp_path: Path) -> None:
    image = raw_disk(tmp_path / "disk.raw", MiB)
    with pytest.raises(ToolFailed):
        convert_image(image, tmp_path / "made", to=DiskFormat.QCOW2, options={"cluster_size": "3"})
    assert [left.name for left in tmp_path.iterdir()] == ["disk.raw"]


def test_several_results_of_one_source_have_one_root(tmp_path: Path) -> None:
    image = raw_disk(tmp_path / "disk.raw", 9 * MiB, (MiB, os.urandom(2 * MiB)))
    made: list[ConvertedImage] = [convert_image(image, tmp_path / f"made{t.suffix}", to=t) for t in OTHERS]
    assert len({one.chunk_root for one in made}) == 1
    assert all("file" not in word or "/etc" not in word for one in made for word in one.arguments)
