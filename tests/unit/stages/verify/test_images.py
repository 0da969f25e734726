"""Tests of stages/verify/images.py, with raw images; what has tables is tested with qemu-img."""

import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from tests.unit.stages.verify.small_set import broken, flip, manifest_of, outcomes, small_set

from imgkit.digests import CHUNK_BYTES, ChunkDigests
from imgkit.model.checking import LinkOutcome
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import FileKind, FileRecord, Manifest, Outcome
from imgkit.stages.verify.images import image_jobs, known_chunks, root_job
from imgkit.stages.verify.links import FLAT, GUEST_VIEW, ROOT
from imgkit.stages.verify.plain_files import Known


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_set(tmp_path)[0]


def _links(folder: Path, *, deep: bool = False, manifest: Manifest | None = None) -> list[LinkOutcome]:
    manifest = manifest or manifest_of(folder)
    disk = manifest.disks[0]
    record = next(each for each in disk.files if each.kind is FileKind.IMAGE)
    return outcomes(*image_jobs(folder, manifest, disk, record, Known(), deep=deep))


def test_a_raw_disk_is_held_by_its_chunk_digests_and_deeply_by_its_flat_one(folder: Path):
    assert [(link.link, link.outcome) for link in _links(folder)] == [(GUEST_VIEW, Outcome.HELD)]
    assert {link.link for link in _links(folder, deep=True)} == {GUEST_VIEW, FLAT}
    flip(folder / "system.raw", 100)
    assert broken(_links(folder, deep=True)) == {GUEST_VIEW, FLAT}


def test_without_chunk_digests_it_differs_but_nobody_knows_where(folder: Path):
    flip(folder / "system.raw", 100)
    (folder / "digests" / "system.chunks").unlink()
    (link,) = _links(folder)
    assert (link.outcome, link.detail) == (Outcome.FAILED, "its bytes differ")


def test_a_disk_of_another_role_is_called_by_it(folder: Path):
    manifest = manifest_of(folder)
    disk = manifest.disks[0]
    assert disk.guest is not None
    other = replace(disk, guest=replace(disk.guest, root="0" * 64), files=())
    flip(folder / "system.raw", 100)
    content = (folder / "system.raw").read_bytes()
    whose = ChunkDigests(size=len(content), digests=(hashlib.sha256(content).digest(),)).root
    other = replace(other, role=type(disk.role)("xvdb"), guest=replace(disk.guest, root=whose))
    (link,) = _links(folder, manifest=replace(manifest, disks=(disk, other)))
    assert "it is disk xvdb" in link.detail


def _padded(folder: Path, content: bytes) -> Manifest:
    """A manifest whose raw disk was filled up with zeroes, as for a hypervisor."""
    (folder / "system.azure.raw").write_bytes(content)
    digests = tuple(
        hashlib.sha256(content[at : at + CHUNK_BYTES]).digest() for at in range(0, len(content), CHUNK_BYTES)
    )
    record = FileRecord(
        path=PurePosixPath("system.azure.raw"),
        kind=FileKind.IMAGE,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        format=DiskFormat.RAW,
        profile="azure",
        virtual_size=len(content),
        guest_root=ChunkDigests(size=len(content), digests=digests).root,
    )
    manifest = manifest_of(folder)
    disk = replace(manifest.disks[0], files=(*manifest.disks[0].files, record))
    return replace(manifest, disks=(disk,))


def _links_of_padded(folder: Path, manifest: Manifest) -> list[LinkOutcome]:
    disk = manifest.disks[0]
    return outcomes(*image_jobs(folder, manifest, disk, disk.files[-1], Known(), deep=False))


def test_zeroes_behind_the_disk_belong_to_the_image(folder: Path):
    disk = (folder / "system.raw").read_bytes()
    assert not broken(_links_of_padded(folder, _padded(folder, disk + bytes(CHUNK_BYTES))))


def test_anything_else_behind_the_disk_differs_even_where_the_record_agrees(folder: Path):
    disk = (folder / "system.raw").read_bytes()
    assert broken(_links_of_padded(folder, _padded(folder, disk + b"hidden".ljust(CHUNK_BYTES, b"\0"))))


def test_chunk_digests_must_have_the_manifests_root(folder: Path):
    manifest = manifest_of(folder)
    disk = manifest.disks[0]
    record = disk.file(FileKind.CHUNKS)
    assert record is not None
    assert disk.guest is not None
    assert known_chunks(folder, disk) is not None
    assert outcomes(root_job(folder, disk, record))[0].outcome is Outcome.HELD
    other = replace(disk, guest=replace(disk.guest, root="0" * 64))
    assert known_chunks(folder, other) is None
    assert broken(outcomes(root_job(folder, other, record))) == {ROOT}
    flip(folder / record.path, 130)
    assert broken(outcomes(root_job(folder, disk, record))) == {ROOT}
