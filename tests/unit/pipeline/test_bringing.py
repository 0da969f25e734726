"""Tests of pipeline/bringing.py."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import DISK, SYSTEM_KEY, Road
from tests.unit.stages.cloud_fakes import SYSTEM

from imgkit.digests import ChunkDigests
from imgkit.errors import Differs, ToolFailed
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import DiskRecord, FileKind, FileState, Outcome, StepRecord
from imgkit.model.profiles import PROFILES
from imgkit.pipeline.bringing import bring_disk, known_chunks
from imgkit.pipeline.request import Keep, Run

QCOW2, VHD, RAW = DiskFormat.QCOW2, DiskFormat.VHD, DiskFormat.RAW


@dataclass
class Converter:
    """Writes a word instead of a disk image; `made` are what it was asked for."""

    made: list[tuple[DiskFormat, DiskFormat]] = field(default_factory=list)
    chunks: list[ChunkDigests | None] = field(default_factory=list)
    error: Exception | None = None

    def __call__(self, image: DiskImage, target: Path, **asked: Any) -> ConvertedImage:
        self.made.append((image.format, asked["to"]))
        self.chunks.append(asked["source_chunks"])
        if self.error is not None:
            raise self.error
        target.write_bytes(b"converted")
        return ConvertedImage(
            path=target,
            format=asked["to"],
            virtual_size=len(DISK),
            source_size=len(DISK),
            files=(ResultFile(path=target, size=9, sha256="b" * 64),),
            proven=asked["verify"],
            chunk_root="c" * 64 if asked["verify"] else "",
            tool="qemu-img",
            tool_version="7.2",
        )


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    fake = Converter()
    monkeypatch.setattr("imgkit.pipeline.bringing.convert_image", fake)
    return fake


def _bring(road: Road, **fields: Any) -> DiskRecord:
    with road.run(**fields) as run:
        if run.image_set.manifest.disk(SYSTEM) is None:
            _know(run, DiskRecord(role=SYSTEM, object=road.store.describe(SYSTEM_KEY)))
        bring_disk(run, SYSTEM)
        return run.disk(SYSTEM)


def _know(run: Run, disk: DiskRecord) -> None:
    step = StepRecord(step="export", started=run.waiting.now(), ended=run.waiting.now(), outcome=Outcome.HELD)
    run.image_set.record_step(step, disk)


def _files(road: Road) -> set[str]:
    everything = (each.relative_to(road.folder) for each in road.folder.rglob("*") if each.is_file())
    ours = {"imgkit.json", "custody.jsonl", "SHA256SUMS"}
    return {each.as_posix() for each in everything if each.parts[0] != ".imgkit"} - ours


def test_nothing_is_made_twice(road: Road, converter):
    _bring(road, formats=(RAW, QCOW2))
    road.store.asked.clear()
    _bring(road, formats=(RAW, QCOW2))
    assert converter.made == [(RAW, QCOW2)]
    assert not road.store.asked


def test_another_format_is_made_from_the_disk_that_is_there(road: Road, converter):
    _bring(road, formats=(RAW, QCOW2))
    _bring(road, formats=(VHD,))
    assert converter.made == [(RAW, QCOW2), (RAW, VHD)]


def test_an_image_for_a_hypervisor_has_its_own_name_and_stands_beside_a_plain_one(road: Road, converter):
    esxi = PROFILES["esxi"]
    disk = _bring(road, formats=(DiskFormat.VMDK,), profiles=(esxi,))
    _bring(road, formats=(DiskFormat.VMDK,), profiles=(esxi,))
    assert converter.made == [(RAW, DiskFormat.VMDK)] * 2
    made = {each.path.name: each.profile for each in disk.files if each.format is DiskFormat.VMDK}
    assert made == {"system.vmdk": "", "system.esxi.vmdk": "esxi"}
    assert made.keys() <= _files(road)


def test_no_other_image_is_made_from_one_for_a_hypervisor(road: Road, converter):
    _bring(road, formats=(), profiles=(PROFILES["azure"],))
    assert "system.azure.vhd" in _files(road)
    _bring(road, formats=(QCOW2,), profiles=(PROFILES["azure"],))
    assert converter.made == [(RAW, VHD), (RAW, QCOW2)]


def test_results_are_held_against_the_digests_that_were_taken_first(road: Road, converter):
    disk = _bring(road, formats=(QCOW2,))
    assert disk.guest is not None
    assert [chunks.root for chunks in converter.chunks] == [disk.guest.root]


def test_a_raw_disk_that_nobody_asked_for_goes_at_the_end(road: Road, converter):
    disk = _bring(road, formats=(QCOW2,))
    assert _files(road) == {
        "system.qcow2",
        "digests/system.chunks",
        f"objects/{SYSTEM_KEY}",
        f"objects/{SYSTEM_KEY}.parts.json",
    }
    raw = next(each for each in disk.files if each.format is RAW)
    assert raw.state is FileState.DISCARDED


def test_keep_raw_keeps_it(road: Road, converter):
    _bring(road, formats=(QCOW2,), keep=frozenset(Keep))
    assert "system.raw" in _files(road)


def test_without_keeping_objects_archive_and_parts_go(road: Road, converter):
    _bring(road, keep=frozenset({Keep.IMAGES}))
    assert _files(road) == {"system.raw", "digests/system.chunks"}


def test_nothing_goes_while_a_conversion_fails(road: Road, converter):
    converter.error = ToolFailed("no room in there")
    with pytest.raises(ToolFailed):
        _bring(road, formats=(QCOW2,), keep=frozenset({Keep.IMAGES}))
    assert {"system.raw", f"objects/{SYSTEM_KEY}"} <= _files(road)


def test_a_conversion_that_failed_is_in_the_record_and_tried_again(road: Road, converter):
    converter.error = ToolFailed("no room in there")
    with pytest.raises(ToolFailed):
        _bring(road, formats=(QCOW2,))
    converter.error = None
    with road.run(formats=(QCOW2,)) as run:
        bring_disk(run, SYSTEM)
        outcomes = [each.outcome for each in run.image_set.manifest.steps if each.step == "convert"]
    assert outcomes == [Outcome.FAILED, Outcome.HELD]


def test_an_image_that_was_lost_is_made_again_from_the_archive(road: Road, converter):
    _bring(road, formats=(RAW,))
    (road.folder / "system.raw").unlink()
    road.store.asked.clear()
    _bring(road, formats=(RAW,))
    assert (road.folder / "system.raw").read_bytes() == DISK
    assert not road.store.asked


def test_an_archive_that_was_lost_is_fetched_again_where_it_shall_stay(road: Road, converter):
    _bring(road)
    (road.folder / "objects" / SYSTEM_KEY).unlink()
    (road.folder / "objects" / f"{SYSTEM_KEY}.parts.json").unlink()
    _bring(road)
    assert (road.folder / "objects" / SYSTEM_KEY).exists()


def test_an_archive_that_was_let_go_is_not_fetched_again(road: Road, converter):
    keep = frozenset({Keep.IMAGES})
    _bring(road, keep=keep)
    road.store.asked.clear()
    _bring(road, keep=keep)
    assert not road.store.asked


def test_without_verification_the_record_says_so(road: Road, converter):
    with road.run(formats=(QCOW2,), verify=False) as run:
        _know(run, DiskRecord(role=SYSTEM, object=road.store.describe(SYSTEM_KEY)))
        bring_disk(run, SYSTEM)
        step = next(each for each in run.image_set.manifest.steps if each.step == "convert")
    assert (step.outcome, "--no-verify" in step.reason) == (Outcome.UNDETERMINED, True)


def test_chunk_digests_that_were_changed_are_not_trusted(road: Road, converter):
    _bring(road)
    path = road.folder / "digests" / "system.chunks"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Differs):
        _bring(road, formats=(QCOW2,))
    assert not converter.made


def test_chunk_digests_of_another_disk_are_not_trusted(road: Road, converter):
    disk = _bring(road)
    assert disk.guest is not None
    other = replace(disk, guest=replace(disk.guest, root="d" * 64))
    with road.run() as run, pytest.raises(Differs, match="not those that the manifest knows"):
        known_chunks(run, other)


def test_the_custody_names_every_step(road: Road, converter):
    _bring(road, formats=(QCOW2,))
    lines = (road.folder / "custody.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == [
        "begin",
        "export",
        "download",
        "unpack",
        "convert",
        "discard",
    ]


def test_nothing_unfinished_is_left(road: Road, converter):
    assert _bring(road).file(FileKind.IMAGE) is not None
    left = [each.name for each in (road.folder / ".imgkit").rglob("*") if each.is_file()]
    assert [name for name in left if not name.endswith("lock")] == []
