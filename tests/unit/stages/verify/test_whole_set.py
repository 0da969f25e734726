"""Tests of stages/verify.py on a set with one raw disk, made by hand; what needs qemu-img is tested elsewhere."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from imgkit.digests import CHUNK_BYTES, ChunkDigests, crc64, write_chunk_digests, zero_digest
from imgkit.errors import AlreadyAtWork, NotAccessible, SettingsError
from imgkit.evidence.image_set import open_image_set
from imgkit.evidence.lone import write_lone_record
from imgkit.model.checking import LinkOutcome
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.custodian import Custodian
from imgkit.model.formats import DiskFormat
from imgkit.model.lone import LoneRecord
from imgkit.model.manifest import (
    DiskRecord,
    FileKind,
    FileRecord,
    GuestRecord,
    Outcome,
    Source,
    SourceKind,
    StepRecord,
)
from imgkit.model.role import DiskRole
from imgkit.stages.verify import check_file, check_set, whole_set
from imgkit.stages.verify.at_once import run_jobs
from imgkit.stages.verify.links import Job

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DISK = b"boot sector" + bytes(CHUNK_BYTES) + b"last words".ljust(512, b"\0")
CHUNKS = ChunkDigests(
    size=len(DISK),
    digests=tuple(hashlib.sha256(DISK[at : at + CHUNK_BYTES]).digest() for at in range(0, len(DISK), CHUNK_BYTES)),
)
ARCHIVE = b"the archive's bytes" * 100
STEP = StepRecord(step="download", started=NOW, ended=NOW, outcome=Outcome.HELD, role="system")


def _record(folder: Path, name: str, kind: FileKind, **fields: object) -> FileRecord:
    content = (folder / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return FileRecord(path=PurePosixPath(name), kind=kind, size=len(content), sha256=digest, **fields)  # type: ignore[arg-type]


def _make_set(folder: Path, *, service_crc: int | None) -> Path:
    source = Source(kind=SourceKind.IMAGE, image_id="m-1", bucket="b")
    with open_image_set(folder, source, custodian=Custodian(), now=lambda: NOW) as image_set:
        for name in ("objects", "digests", "report"):
            (folder / name).mkdir()
        (folder / "system.raw").write_bytes(DISK)
        (folder / "objects" / "a.tar.gz").write_bytes(ARCHIVE)
        (folder / "report" / "inspect.json").write_bytes(b"{}\n")
        write_chunk_digests(folder / "digests" / "system.chunks", CHUNKS)
        disk = DiskRecord(
            role=DiskRole(),
            object=ObjectInfo(bucket="b", key="a.tar.gz", size=len(ARCHIVE), etag="e", crc64=service_crc),
            guest=GuestRecord(size=len(DISK), root=CHUNKS.root, sha256=hashlib.sha256(DISK).hexdigest()),
            files=(
                _record(folder, "objects/a.tar.gz", FileKind.ARCHIVE, crc64=crc64(ARCHIVE)),
                _record(folder, "system.raw", FileKind.IMAGE, format=DiskFormat.RAW, guest_root=CHUNKS.root),
                _record(folder, "digests/system.chunks", FileKind.CHUNKS, guest_root=CHUNKS.root),
            ),
        )
        report = _record(folder, "report/inspect.json", FileKind.REPORT)
        image_set.record_step(STEP, disk)
        changed = image_set.manifest.with_disk(disk)
        image_set.record("inspect", replace(changed, reports=(report,)))
    return folder


@pytest.fixture
def image_set(tmp_path: Path) -> Path:
    return _make_set(tmp_path / "set", service_crc=crc64(ARCHIVE))


def _flip(path: Path, at: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_an_untouched_set_holds_in_every_link(image_set: Path) -> None:
    result = check_set(image_set)
    assert [link for link in result.links if link.outcome is not Outcome.HELD] == []
    assert result.notes == ()


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("system.raw", 0),
        ("system.raw", CHUNK_BYTES // 2),
        ("system.raw", len(DISK) - 512),
        ("objects/a.tar.gz", 7),
        ("digests/system.chunks", 120),
        ("report/inspect.json", 0),
        ("SHA256SUMS", 3),
    ],
)
def test_one_flipped_bit_is_named_and_nothing_else_is(image_set: Path, name: str, at: int) -> None:
    _flip(image_set / name, at)
    failed = check_set(image_set).of(Outcome.FAILED)
    assert {link.subject for link in failed} == {name}


@pytest.mark.parametrize("name", ["system.raw", "objects/a.tar.gz", "digests/system.chunks", "report/inspect.json"])
def test_a_missing_file_is_named(image_set: Path, name: str) -> None:
    (image_set / name).unlink()
    assert name in {link.subject for link in check_set(image_set).of(Outcome.FAILED)}


@pytest.mark.parametrize("name", ["system.raw", "objects/a.tar.gz", "digests/system.chunks"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_in_a_files_place_differs(image_set: Path, name: str, make: Callable[[Path], None]) -> None:
    (image_set / name).unlink()
    make(image_set / name)
    (link,) = [link for link in check_set(image_set).links if link.outcome is not Outcome.HELD]
    assert (link.subject, link.outcome) == (name, Outcome.FAILED)


def test_a_differing_chunk_is_named_by_its_place(image_set: Path) -> None:
    _flip(image_set / "system.raw", CHUNK_BYTES + 5)
    (link,) = check_set(image_set).of(Outcome.FAILED)
    assert str(CHUNK_BYTES) in link.detail


def test_a_longer_disk_differs_although_all_its_chunks_are_there(image_set: Path) -> None:
    with (image_set / "system.raw").open("ab") as disk:
        disk.write(bytes(512))
    (link,) = check_set(image_set).of(Outcome.FAILED)
    assert link.subject == "system.raw"


def test_a_disk_swapped_with_zeroes_of_its_size_differs(image_set: Path) -> None:
    (image_set / "system.raw").write_bytes(bytes(len(DISK)))
    assert zero_digest() != CHUNKS.digests[0]
    assert check_set(image_set).of(Outcome.FAILED)


def test_a_crc_that_the_service_never_named_is_undetermined(tmp_path: Path) -> None:
    result = check_set(_make_set(tmp_path / "set", service_crc=None))
    assert not result.of(Outcome.FAILED)
    assert [link.link for link in result.of(Outcome.UNDETERMINED)] == ["CRC-64 as the service named it"]


def test_another_crc_than_the_services_differs(tmp_path: Path) -> None:
    result = check_set(_make_set(tmp_path / "set", service_crc=1))
    assert [link.link for link in result.of(Outcome.FAILED)] == ["CRC-64 as the service named it"]


def _edit_manifest(folder: Path, edit: Callable[[dict[str, object]], None]) -> None:
    path = folder / "imgkit.json"
    plain = json.loads(path.read_text())
    edit(plain)
    path.write_text(json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=2) + "\n")


def test_a_manifest_edited_by_hand_is_noticed(image_set: Path) -> None:
    _edit_manifest(image_set, lambda plain: plain.update(imgkit_version="9.9"))
    assert check_set(image_set).of(Outcome.FAILED)


def test_a_file_that_nobody_recorded_is_a_note(image_set: Path) -> None:
    (image_set / "notes.txt").write_text("mine")
    result = check_set(image_set)
    assert result.held
    assert any("notes.txt" in note for note in result.notes)


def test_checking_writes_nothing(image_set: Path) -> None:
    before = {path: path.read_bytes() for path in image_set.rglob("*") if path.is_file()}
    check_set(image_set)
    assert {path: path.read_bytes() for path in image_set.rglob("*") if path.is_file()} == before


def _lone(path: Path) -> None:
    file = _record(path.parent, path.name, FileKind.IMAGE, format=DiskFormat.RAW, guest_root=CHUNKS.root)
    write_lone_record(path, LoneRecord(created=NOW, imgkit_version="1", source="oss://b/k", file=file, step=STEP))


def test_a_lone_file_is_held_against_the_record_beside_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    disk.write_bytes(DISK)
    _lone(disk)
    assert check_file(disk).held
    _flip(disk, 3)
    assert {link.link for link in check_file(disk).of(Outcome.FAILED)} == {"guest view"}
    deeply = check_file(disk, deep=True).of(Outcome.FAILED)
    assert {link.link for link in deeply} == {"guest view", "SHA-256 of all its bytes"}


def test_a_file_without_a_record_says_that_little_was_looked_at(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    disk.write_bytes(DISK)
    assert any("no record" in link.detail for link in check_file(disk).of(Outcome.UNDETERMINED))


@pytest.mark.parametrize("name", ["imgkit.json", "custody.jsonl", "imgkit.json.signed-1"])
def test_the_record_is_checked_with_its_set(image_set: Path, name: str) -> None:
    (image_set / name).touch()
    with pytest.raises(SettingsError, match="checked with the set"):
        check_file(image_set / name)


def test_no_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NotAccessible):
        check_file(tmp_path / "none")


def test_of_a_set_that_another_run_changes_meanwhile_nothing_is_said(
    image_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(jobs: Sequence[Job], **named: Any) -> list[LinkOutcome]:
        (image_set / "objects" / "a.tar.gz").unlink()
        manifest = image_set / "imgkit.json"
        manifest.write_bytes(manifest.read_bytes() + b"\n")
        return run_jobs(jobs, **named)

    monkeypatch.setattr(whole_set, "run_jobs", work)
    with pytest.raises(AlreadyAtWork, match="another run changed"):
        check_set(image_set)


def test_what_another_run_adds_meanwhile_takes_nothing_from_what_held(
    image_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(jobs: Sequence[Job], **named: Any) -> list[LinkOutcome]:
        found = run_jobs(jobs, **named)
        manifest = image_set / "imgkit.json"
        manifest.write_bytes(manifest.read_bytes() + b"\n")
        return found

    monkeypatch.setattr(whole_set, "run_jobs", work)
    assert check_set(image_set).held
