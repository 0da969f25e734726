"""Tests of cli/convert.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from tests.unit.cli.command_line import imgkit

from imgkit.errors import NoRoom
from imgkit.evidence.lone import read_lone_record
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage, Extent, ExtentKind
from imgkit.model.formats import DiskFormat

Asked = list[tuple[DiskImage, Path, dict[str, Any]]]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("disk.raw")
    path.write_bytes(bytes(510) + b"\x55\xaa")
    return path


@pytest.fixture
def asked(source: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the stage was asked; it writes a word instead of a disk image."""
    seen: Asked = []

    def convert(image: DiskImage, target: Path, **words: Any) -> ConvertedImage:
        seen.append((image, target, words))
        target.write_bytes(b"converted")
        return ConvertedImage(
            path=target,
            format=words["to"],
            virtual_size=512,
            source_size=512,
            files=(ResultFile(path=target, size=9, sha256="a" * 64),),
            proven=words["verify"],
            notes=("it is small",),
        )

    monkeypatch.setattr("imgkit.pipeline.converting.convert_image", convert)
    return seen


def test_a_result_is_told_as_proven_and_recorded(asked: Asked):
    ended = imgkit("convert", "disk.raw", "--to", "qcow2")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[1].split() == ["disk.qcow2", "512", "B", "proven"]
    assert "note: it is small" in ended.out
    record = read_lone_record(Path("disk.qcow2"))
    assert record is not None
    assert record.source == "disk.raw"


def test_a_result_that_was_not_read_back_is_not_called_proven(asked: Asked):
    assert "NOT PROVEN" in imgkit("convert", "disk.raw", "--to", "qcow2", "--no-verify").out


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        (("--to", "qcow2"), ["disk.qcow2"]),
        (("--to", "qcow2", "-o", "mine.img"), ["mine.img"]),
        (("--to", "qcow2", "-o", "there"), ["there/disk.qcow2"]),
        (("--to", "qcow2", "-o", "new/"), ["new/disk.qcow2"]),
        (("--to", "qcow2", "--to", "vhd", "--to", "qcow2"), ["disk.qcow2", "disk.vhd"]),
        (("--to", "qcow2", "--to", "vhd", "-o", "new"), ["new/disk.qcow2", "new/disk.vhd"]),
    ],
)
def test_one_format_goes_to_a_file_and_several_into_a_folder(asked: Asked, words, targets):
    Path("there").mkdir()
    assert imgkit("convert", "disk.raw", *words).code == 0
    assert [str(target) for _, target, _ in asked] == targets


def test_the_format_is_known_by_content_unless_it_was_said(asked: Asked):
    Path("disk.raw").rename("disk.qcow2")
    imgkit("convert", "disk.qcow2", "--to", "vhd")
    imgkit("convert", "disk.qcow2", "--to", "vhd", "--format", "vmdk", "--force")
    assert [image.format for image, _, _ in asked] == [DiskFormat.RAW, DiskFormat.VMDK]


def test_nothing_is_overwritten_unasked(asked: Asked):
    imgkit("convert", "disk.raw", "--to", "qcow2")
    imgkit("convert", "disk.raw", "--to", "qcow2", "--force", "--compress")
    assert [(words["overwrite"], words["compress"]) for _, _, words in asked] == [(False, False), (True, True)]


def test_results_are_one_document(asked: Asked):
    told = imgkit("convert", "disk.raw", "--to", "qcow2", "--to", "vhd", "--json").data["images"]
    assert [(each["path"], each["format"], each["proven"]) for each in told] == [
        ("disk.qcow2", "qcow2", True),
        ("disk.vhd", "vhd", True),
    ]


def test_what_was_finished_before_a_failure_is_told(asked: Asked, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> ConvertedImage:
        raise NoRoom("the disk is full")

    monkeypatch.setattr("imgkit.pipeline.converting.acquire_e01", fail)
    monkeypatch.setattr("imgkit.pipeline.converting.require_possible", lambda asked: None, raising=False)
    monkeypatch.setattr("imgkit.cli.convert.require_possible", lambda asked: None)
    ended = imgkit("convert", "disk.raw", "--to", "qcow2", "--to", "e01", "--json")
    assert ended.code == 82
    assert [each["path"] for each in ended.data["images"]] == ["disk.qcow2"]
    assert "the disk is full" in ended.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("disk.raw",), 4),
        (("nowhere.raw", "--to", "qcow2"), 83),
        (("hello.txt", "--to", "qcow2"), 51),
        (("disk.raw", "--to", "iso"), 2),
    ],
)
def test_what_cannot_be_converted_is_said_before_anything_is_written(asked: Asked, words, code):
    Path("hello.txt").write_text("hello")
    assert imgkit("convert", *words).code == code
    assert not asked


@pytest.mark.parametrize("words", [("--to", "e01", "--option", "a=b"), ("--to", "vhd", "--compress")])
def test_of_several_none_is_made_when_the_words_do_not_fit_one(asked: Asked, words):
    assert imgkit("convert", "disk.raw", "--to", "qcow2", *words).code in {4, 53}
    assert asked == []


def test_case_fields_that_would_be_written_nowhere_are_refused(asked: Asked):
    ended = imgkit("convert", "disk.raw", "--to", "qcow2", "--case", "7", "--notes", "n")
    assert (ended.code, asked) == (4, [])
    assert "--case and --notes would be written nowhere" in ended.err


def test_what_was_lost_is_not_called_proven(asked: Asked, monkeypatch: pytest.MonkeyPatch):
    def salvage(*words: Any, **more: Any) -> ConvertedImage:
        return replace(stage(*words, **more), lost=(Extent(0, 512, ExtentKind.ZERO),))

    name = "imgkit.pipeline.converting.convert_image"
    stage: Callable[..., ConvertedImage] = resolve_name(name)
    monkeypatch.setattr(name, salvage)
    ended = imgkit("convert", "disk.raw", "--to", "qcow2", "--salvage")
    assert ended.code == 3
    assert ended.out.splitlines()[1].endswith("of what could be read")
    assert "not read: 512 bytes at 0" in ended.out


def test_of_several_none_is_made_when_the_place_of_one_is_taken(asked: Asked):
    Path("new").mkdir()
    Path("new/disk.vhd").write_bytes(b"mine")
    ended = imgkit("convert", "disk.raw", "--to", "qcow2", "--to", "vhd", "-o", "new")
    assert (ended.code, asked) == (81, [])
    assert "new/disk.vhd exists already" in ended.err
