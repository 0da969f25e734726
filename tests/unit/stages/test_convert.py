"""The stage without programs: raw to raw for real, and what happens around a writer that fails or lies."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.disks.headers.test_qcow2 import CLUSTER, qcow2

from imgkit.digests import CHUNK_BYTES, ChunkDigests
from imgkit.disks.guard import read_header
from imgkit.disks.writers import recipe
from imgkit.errors import (
    Differs,
    DiskImageUnsafe,
    FormatCannotHold,
    NoRoom,
    NotAccessible,
    NotADiskImage,
    TargetExists,
    ToolFailed,
    ToolMissing,
)
from imgkit.files.abilities import Abilities
from imgkit.model.disk import DiskImage, Extent, ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.model.profiles import PROFILES
from imgkit.stages import convert as stage
from imgkit.stages.convert import convert_image
from imgkit.units import GiB, KiB, MiB

CONTENT = b"boot" + bytes(MiB) + b"data" * 1000 + bytes(5 * MiB - 4004) + b"odd"
DESCRIPTOR = b"""# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="monolithicFlat"
RW %d FLAT "%b" 0
"""


@pytest.fixture
def source(tmp_path: Path) -> DiskImage:
    path = tmp_path / "system.raw"
    path.write_bytes(CONTENT)
    return DiskImage(path=path, format=DiskFormat.RAW)


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a fake in the place of qemu-img that writes a flat VMDK, so that nothing needs a program to read it back."""

    def use(content: bytes | None, *, error: BaseException | None = None) -> None:
        def convert(node: dict[str, Any], target: Path, **_: Any) -> tuple[str, ...]:
            read = Path(node["file"]["filename"]).read_bytes() if content is None else content
            padded = read + bytes(-len(read) % 512)
            extent = target.with_name(target.stem + "-flat.vmdk")
            extent.write_bytes(padded)
            target.write_bytes(DESCRIPTOR % (len(padded) // 512, extent.name.encode()))
            if error is not None:
                raise error
            return ("convert", "-O", "vmdk")

        monkeypatch.setattr("imgkit.tools.qemu_img.convert", convert)
        monkeypatch.setattr("imgkit.tools.qemu_img.version", lambda: "7.2.22")

    return use


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def chunks_of(content: bytes) -> ChunkDigests:
    pieces = [content[place : place + CHUNK_BYTES] for place in range(0, len(content), CHUNK_BYTES)]
    return ChunkDigests(size=len(content), digests=tuple(hashlib.sha256(piece).digest() for piece in pieces))


def test_raw_to_raw_keeps_every_byte_and_the_odd_size(source: DiskImage, tmp_path: Path) -> None:
    made = convert_image(source, tmp_path / "copy.raw", to=DiskFormat.RAW)
    assert (tmp_path / "copy.raw").read_bytes() == CONTENT
    assert made.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert made.chunk_root == chunks_of(CONTENT).root
    assert (made.proven, made.tool, made.padding_bytes) == (True, "imgkit", 0)
    assert left_in(tmp_path) == {"system.raw", "copy.raw"}


def test_padding_is_said_and_proven(source: DiskImage, tmp_path: Path, writing: Callable[..., None]) -> None:
    writing(None)
    made = convert_image(source, tmp_path / "disk.vmdk", to=DiskFormat.VMDK)
    padding = -len(CONTENT) % 512
    assert (made.virtual_size, made.padding_bytes) == (len(CONTENT) + padding, padding)
    assert any(f"{padding} zero bytes were added" in note for note in made.notes)
    assert made.chunk_root == chunks_of(CONTENT + bytes(padding)).root
    assert (made.tool, made.tool_version, made.arguments[0]) == ("qemu-img", "7.2.22", "convert")


def test_a_flat_vmdk_is_two_files_and_both_have_their_digest(
    source: DiskImage, tmp_path: Path, writing: Callable[..., None]
) -> None:
    writing(None)
    made = convert_image(source, tmp_path / "disk.vmdk", to=DiskFormat.VMDK)
    assert [file.path.name for file in made.files] == ["disk.vmdk", "disk-flat.vmdk"]
    for file in made.files:
        assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
        assert file.size == file.path.stat().st_size


def test_the_extent_of_a_flat_vmdk_overwrites_nothing(
    source: DiskImage, tmp_path: Path, writing: Callable[..., None]
) -> None:
    writing(None)
    (tmp_path / "disk-flat.vmdk").write_bytes(b"mine")
    with pytest.raises(TargetExists, match="disk-flat"):
        convert_image(source, tmp_path / "disk.vmdk", to=DiskFormat.VMDK)
    assert (tmp_path / "disk-flat.vmdk").read_bytes() == b"mine"
    assert left_in(tmp_path) == {"system.raw", "disk-flat.vmdk"}


def test_flat_vmdks_whose_names_a_descriptor_cannot_hold_have_extents_of_their_own(
    source: DiskImage, tmp_path: Path
) -> None:
    flat = {"subformat": "monolithicFlat"}
    names = ("d\u00efsk.vmdk", "d\u00f6sk.vmdk", 'a"b.vmdk')
    made = [convert_image(source, tmp_path / name, to=DiskFormat.VMDK, options=flat) for name in names]
    extents = {each.files[1].path for each in made}
    assert len(extents) == 3
    assert all(path.read_bytes()[: len(CONTENT)] == CONTENT for path in extents)


@pytest.mark.parametrize(
    "written",
    [b"X" + CONTENT[1:], CONTENT[:-1] + b"X", CONTENT + bytes(512), CONTENT[:-512], bytes(len(CONTENT))],
    ids=["first byte", "last byte", "longer", "shorter", "zeroes"],
)
def test_a_result_that_differs_is_not_kept(
    source: DiskImage, tmp_path: Path, writing: Callable[..., None], written: bytes
) -> None:
    writing(written)
    with pytest.raises(Differs, match="not the same disk"):
        convert_image(source, tmp_path / "disk.vmdk", to=DiskFormat.VMDK)
    assert left_in(tmp_path) == {"system.raw"}


def test_a_source_that_changed_since_its_digests_were_taken_is_not_converted(source: DiskImage, tmp_path: Path) -> None:
    for taken_of in (b"other" + CONTENT[5:], CONTENT + b"x"):
        with pytest.raises(Differs):
            convert_image(source, tmp_path / "copy", to=DiskFormat.RAW, source_chunks=chunks_of(taken_of))
    assert left_in(tmp_path) == {"system.raw"}


def test_given_digests_are_used_instead_of_hashing_again(
    source: DiskImage, tmp_path: Path, writing: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    writing(None)
    monkeypatch.setattr(stage, "compare_views", never)
    made = convert_image(source, tmp_path / "d.vmdk", to=DiskFormat.VMDK, source_chunks=chunks_of(CONTENT))
    assert made.proven


def test_a_source_that_is_not_the_disk_of_the_given_digests_is_named(source: DiskImage, tmp_path: Path) -> None:
    other = chunks_of(b"X" + CONTENT[1:])
    with pytest.raises(Differs, match="1 chunk of 4 MiB differs, at byte 0"):
        convert_image(source, tmp_path / "copy", to=DiskFormat.RAW, source_chunks=other)
    assert left_in(tmp_path) == {"system.raw"}


def test_without_a_proof_it_says_so(source: DiskImage, tmp_path: Path) -> None:
    made = convert_image(source, tmp_path / "copy.raw", to=DiskFormat.RAW, verify=False)
    assert (made.proven, made.chunk_root) == (False, "")
    assert "not proven" in made.notes[-1]
    assert made.sha256 == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), NoRoom("full"), ToolFailed("broken")], ids=repr)
def test_an_interruption_or_a_failure_leaves_nothing(
    source: DiskImage, tmp_path: Path, writing: Callable[..., None], error: BaseException
) -> None:
    writing(None, error=error)
    with pytest.raises(type(error)):
        convert_image(source, tmp_path / "disk.vmdk", to=DiskFormat.VMDK)
    assert left_in(tmp_path) == {"system.raw"}


def test_what_a_killed_run_left_is_removed(source: DiskImage, tmp_path: Path) -> None:
    stale = tmp_path / "copy.raw.imgkit-partial"
    stale.mkdir()
    (stale / "copy.raw").write_bytes(b"half")
    convert_image(source, tmp_path / "copy.raw", to=DiskFormat.RAW)
    assert left_in(tmp_path) == {"system.raw", "copy.raw"}


def test_a_link_in_the_place_of_the_work_folder_is_not_followed(source: DiskImage, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"mine")
    (tmp_path / "copy.raw.imgkit-partial").symlink_to(elsewhere)
    convert_image(source, tmp_path / "copy.raw", to=DiskFormat.RAW)
    assert left_in(elsewhere) == {"precious"}


def test_nothing_is_overwritten_unasked(source: DiskImage, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_bytes(b"mine")
    with pytest.raises(TargetExists):
        convert_image(source, target, to=DiskFormat.RAW)
    assert target.read_bytes() == b"mine"
    convert_image(source, target, to=DiskFormat.RAW, overwrite=True)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["same", "link", "hard link"])
def test_nothing_is_converted_in_place_even_when_overwriting(source: DiskImage, tmp_path: Path, kind: str) -> None:
    target = source.path if kind == "same" else tmp_path / "other"
    if kind == "link":
        target.symlink_to(source.path)
    if kind == "hard link":
        os.link(source.path, target)
    with pytest.raises(TargetExists, match="in place"):
        convert_image(source, target, to=DiskFormat.RAW, overwrite=True)
    assert source.path.read_bytes() == CONTENT


def test_the_extent_of_a_flat_vmdk_never_replaces_the_source(tmp_path: Path, writing: Callable[..., None]) -> None:
    writing(None)
    path = tmp_path / "disk-flat.vmdk"
    path.write_bytes(CONTENT)
    with pytest.raises(TargetExists, match="in place"):
        convert_image(
            DiskImage(path=path, format=DiskFormat.RAW), tmp_path / "disk.vmdk", to=DiskFormat.VMDK, overwrite=True
        )
    assert path.read_bytes() == CONTENT


def test_a_folder_is_never_overwritten(source: DiskImage, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(TargetExists):
        convert_image(source, tmp_path / "folder", to=DiskFormat.RAW, overwrite=True)


def test_a_disk_that_is_found_to_be_full_when_syncing_is_no_room(
    source: DiskImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stage, "sync_file", full)
    with pytest.raises(NoRoom):
        convert_image(source, tmp_path / "copy", to=DiskFormat.RAW)
    assert left_in(tmp_path) == {"system.raw"}


def test_a_missing_folder_is_said_before_anything_is_read(source: DiskImage, tmp_path: Path) -> None:
    with pytest.raises(NotAccessible, match="there is no folder"):
        convert_image(source, tmp_path / "missing" / "copy", to=DiskFormat.RAW)


def test_no_room_is_said_before_anything_is_written(
    source: DiskImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly_full(folder: Path) -> Abilities:
        return Abilities(
            folder=folder, free_bytes=4 * KiB, holds_holes=True, largest_file_bytes=GiB, renames_atomically=True
        )

    monkeypatch.setattr(stage, "probe_folder", nearly_full)
    monkeypatch.setattr(stage, "write_image", lambda *_, **__: pytest.fail("wrote something"))
    with pytest.raises(NoRoom, match="4 KiB free"):
        convert_image(source, tmp_path / "copy", to=DiskFormat.RAW)
    assert left_in(tmp_path) == {"system.raw"}


def test_a_vhd_that_would_be_too_large_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "large.raw"
    with path.open("wb") as file:
        file.truncate(2041 * GiB)
    with pytest.raises(FormatCannotHold, match="2040 GiB"):
        convert_image(DiskImage(path=path, format=DiskFormat.RAW), tmp_path / "o.vhd", to=DiskFormat.VHD)
    assert left_in(tmp_path) == {"large.raw"}


def test_a_hostile_source_never_reaches_a_program(tmp_path: Path, writing: Callable[..., None]) -> None:
    writing(None, error=AssertionError("a program was started"))
    path = tmp_path / "disk.vmdk"
    path.write_bytes(DESCRIPTOR % (1, b"/etc/hostname"))
    with pytest.raises(DiskImageUnsafe):
        convert_image(DiskImage(path=path, format=DiskFormat.VMDK), tmp_path / "o.vmdk", to=DiskFormat.VMDK)


def test_file_digests_can_be_left_out(source: DiskImage, tmp_path: Path) -> None:
    made = convert_image(source, tmp_path / "copy", to=DiskFormat.RAW, hash_files=False)
    assert (made.sha256, made.proven) == ("", True)


def test_a_source_that_changes_meanwhile_gives_no_result(
    source: DiskImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = recipe.write_image

    def write_and_meddle(*words: Any, **more: Any) -> Any:
        written = write(*words, **more)
        os.utime(source.path, ns=(1, 1))
        return written

    monkeypatch.setattr(stage, "write_image", write_and_meddle)
    with pytest.raises(Differs, match="has changed while it was read"):
        convert_image(source, tmp_path / "out.raw", to=DiskFormat.RAW)
    assert left_in(tmp_path) == {"system.raw"}


@pytest.mark.parametrize("subformat", ["monolithicFlat", "streamOptimized"])
def test_the_word_of_a_profile_goes_with_its_own_subformat(source: DiskImage, tmp_path: Path, subformat: str) -> None:
    asked = {"subformat": subformat}
    profile = PROFILES["esxi-datastore"]
    target = tmp_path / "disk.vmdk"
    convert_image(source, target, to=DiskFormat.VMDK, profile=profile, options=asked, verify=False)
    found = read_header(target, stated=DiskFormat.VMDK).subformat
    assert found.split(",")[0] == {"monolithicFlat": "vmfs"}.get(subformat, subformat)


def test_a_prover_that_is_missing_is_found_before_anything_is_written(
    source: DiskImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(stage, "write_image", None)
    with pytest.raises(ToolMissing, match="qemu-nbd"):
        convert_image(source, tmp_path / "disk.qcow2", to=DiskFormat.QCOW2, compress=True)


def test_a_salvage_needs_room_for_what_it_saves_as_well(
    source: DiskImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_full(folder: Path) -> Abilities:
        free = len(CONTENT) + 3 * MiB
        return Abilities(
            folder=folder, free_bytes=free, holds_holes=False, largest_file_bytes=GiB, renames_atomically=True
        )

    monkeypatch.setattr(stage, "probe_folder", half_full)
    with pytest.raises(NoRoom):
        convert_image(source, tmp_path / "saved", to=DiskFormat.RAW, salvage=True)
    assert convert_image(source, tmp_path / "copy", to=DiskFormat.RAW).proven


def test_a_missing_table_is_salvaged_around(tmp_path: Path) -> None:
    """The second L2 table lies beyond the end of the file: 512 MiB and more of the disk are nowhere."""
    path = tmp_path / "disk.qcow2"
    size = 512 * MiB + 256 * KiB
    tables = qcow2(size=size, l1=(3 * CLUSTER, 2**30), l1_entries=2, poke={4 * CLUSTER: b"here"})
    path.write_bytes(tables)
    image = DiskImage(path=path, format=DiskFormat.QCOW2)
    with pytest.raises(NotADiskImage):
        convert_image(image, tmp_path / "out.raw", to=DiskFormat.RAW)
    done = convert_image(image, tmp_path / "out.raw", to=DiskFormat.RAW, salvage=True)
    assert done.lost == (Extent(512 * MiB, 256 * KiB, ExtentKind.ZERO),)
    with (tmp_path / "out.raw").open("rb") as out:
        assert out.read(4) == b"here"
        assert out.seek(0, os.SEEK_END) == size
