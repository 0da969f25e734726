"""Tests of pipeline/converting.py: what is made, what is not made again, and what is refused."""

import errno
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imgkit.errors import FormatCannotHold, NoRoom, SettingsError, TargetExists
from imgkit.evidence.lone import read_lone_record, record_path
from imgkit.model.converted import ConvertedImage
from imgkit.model.disk import DiskImage, Extent, ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import Outcome
from imgkit.model.profiles import PROFILES
from imgkit.model.targets import Target
from imgkit.pipeline import converting
from imgkit.pipeline.converting import Conversion, convert_recorded
from imgkit.stages.convert import convert_image
from imgkit.tools.ewf import CaseFields
from imgkit.units import MiB

NOW = datetime(2026, 11, 28, tzinfo=UTC)
CONTENT = b"boot" * MiB + bytes(MiB)
RAW = Target(format=DiskFormat.RAW)
E01 = Target(format=DiskFormat.RAW, is_e01=True)
AZURE = Target(format=DiskFormat.VHD, profile=PROFILES["azure"])


@pytest.fixture
def asked(tmp_path: Path) -> Conversion:
    source = tmp_path / "disk.img"
    source.write_bytes(CONTENT)
    return Conversion(image=DiskImage(path=source, format=DiskFormat.RAW), path=tmp_path / "out", target=RAW)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the stage was asked; it does its work."""
    seen: list[dict[str, Any]] = []

    def convert(image: DiskImage, target: Path, **words: Any) -> ConvertedImage:
        seen.append(words)
        return convert_image(image, target, **words)

    monkeypatch.setattr(converting, "convert_image", convert)
    return seen


def convert(asked: Conversion) -> ConvertedImage:
    return convert_recorded(asked, now=lambda: NOW)


@pytest.mark.parametrize("target", [RAW, AZURE])
def test_a_finished_result_is_read_again_and_not_made_again(asked: Conversion, made: list[Any], target: Target) -> None:
    asked = replace(asked, target=target)
    first, second = convert(asked), convert(asked)
    assert len(made) == 1
    assert second.notes == ("it was finished on 2026-11-28T00:00:00.000000Z and still holds: not made again",)
    assert (second.chunk_root, second.sha256, second.proven) == (first.chunk_root, first.sha256, True)


@pytest.mark.parametrize("target", [RAW, AZURE])
def test_an_interruption_after_the_result_has_its_name_leaves_a_finished_one(
    asked: Conversion, made: list[Any], target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = replace(asked, target=target)
    with monkeypatch.context() as patched:
        patched.setattr("imgkit.files.whole.sync_folder", lambda _: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            convert(asked)
    assert asked.path.exists()
    assert "still holds" in convert(asked).notes[0]
    assert len(made) == 1


def test_asked_for_otherwise_it_is_another_result(asked: Conversion, made: list[Any]) -> None:
    convert(replace(asked, target=AZURE))
    with pytest.raises(TargetExists):
        convert(replace(asked, target=Target(format=DiskFormat.VHD)))
    convert(replace(asked, overwrite=True))
    assert len(made) == 2


def damage_result(asked: Conversion) -> None:
    asked.path.write_bytes(b"X" + asked.path.read_bytes()[1:])


def change_source(asked: Conversion) -> None:
    asked.image.path.write_bytes(CONTENT[:-1] + b"X")


def shorten_source(asked: Conversion) -> None:
    asked.image.path.write_bytes(CONTENT[:-512])


def lengthen_source(asked: Conversion) -> None:
    asked.image.path.write_bytes(CONTENT + bytes(512))


@pytest.mark.parametrize("change", [damage_result, change_source, shorten_source, lengthen_source])
def test_what_no_longer_holds_is_neither_kept_nor_overwritten(
    asked: Conversion, made: list[Any], change: Callable[[Conversion], None]
) -> None:
    convert(asked)
    change(asked)
    before = asked.path.read_bytes()
    with pytest.raises(TargetExists, match="exists already, and") as refused:
        convert(asked)
    assert "--force" in refused.value.hint
    assert (len(made), asked.path.read_bytes()) == (1, before)


@pytest.mark.parametrize("record", [b"", b"{}", None])
def test_a_file_without_a_record_is_somebody_elses(asked: Conversion, made: list[Any], record: bytes | None) -> None:
    convert(asked)
    record_path(asked.path).unlink()
    if record is not None:
        record_path(asked.path).write_bytes(record)
    with pytest.raises(TargetExists):
        convert(asked)


def test_without_a_proof_nothing_is_read_and_the_record_says_so(asked: Conversion, made: list[Any]) -> None:
    convert(replace(asked, verify=False))
    assert made[0]["hash_files"] is False
    record = read_lone_record(asked.path)
    assert record is not None
    assert (record.step.outcome, record.file.sha256) == (Outcome.UNDETERMINED, "")
    with pytest.raises(TargetExists):
        convert(asked)


def test_what_a_salvage_lost_is_in_the_record(asked: Conversion, monkeypatch: pytest.MonkeyPatch) -> None:
    def salvage(image: DiskImage, target: Path, **words: Any) -> ConvertedImage:
        assert words["salvage"]
        lost = (Extent(4096, 512, ExtentKind.ZERO),)
        return replace(convert_image(image, target, **words | {"salvage": False}), lost=lost)

    monkeypatch.setattr(converting, "convert_image", salvage)
    convert(replace(asked, salvage=True))
    record = read_lone_record(asked.path)
    assert record is not None
    assert record.step.outcome is Outcome.UNDETERMINED
    assert record.step.notes[-1] == "could not be read, and is zeroes: 512 bytes at 4096"
    assert record.step.arguments == ("--to", "raw", "--salvage")


@pytest.mark.parametrize(
    "target", [Target(format=DiskFormat.RAW, is_e01=True), Target(format=DiskFormat.RAW, profile=PROFILES["gcp"])]
)
@pytest.mark.parametrize("more", [{"options": {"a": "b"}}, {"salvage": True}])
def test_containers_take_no_options_and_no_salvage(asked: Conversion, target: Target, more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        convert(replace(asked, target=target, **more))


def test_words_that_do_not_fit_are_refused_before_anything_is_read(asked: Conversion, made: list[Any]) -> None:
    asked.image.path.unlink()
    for words in ({"options": {"no": "such"}}, {"target": AZURE, "compress": True}):
        with pytest.raises((SettingsError, FormatCannotHold)):
            convert(replace(asked, **words))
    with pytest.raises(SettingsError, match="overlay"):
        convert(replace(asked, salvage=True, allow_backing=asked.path.parent))
    with pytest.raises(SettingsError, match="--case"):
        convert(replace(asked, target=E01, fields=CaseFields(case_number="two\nlines")))


def test_an_e01_with_other_fields_is_another_one(asked: Conversion) -> None:
    mine = replace(asked, target=E01, fields=CaseFields(case_number="C-7", examiner="J. Doe"))
    assert mine.words == ("--to", "e01", "--case", "C-7", "--examiner", "J. Doe")
    assert replace(mine, target=RAW).words == ("--to", "raw")


def test_where_the_record_cannot_be_written_nothing_is_left(asked: Conversion, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(converting, "write_lone_record", fail)
    with pytest.raises(NoRoom, match=r"out\.imgkit\.json"):
        convert(asked)
    assert [path.name for path in asked.path.parent.iterdir()] == ["disk.img"]


def test_the_result_has_the_name_that_was_asked_for(asked: Conversion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(asked.path.parent)
    for _ in ("made", "not made again"):
        assert convert(replace(asked, path=Path("out"))).path == Path("out")
