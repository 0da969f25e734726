"""Tests of cli/options.py."""

import getpass

import pytest

from imgkit.cli import options
from imgkit.errors import SettingsError
from imgkit.model.formats import WRITTEN_FORMATS, DiskFormat
from imgkit.model.role import DiskRole
from imgkit.pipeline.request import Keep
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB, MiB

SYSTEM, XVDB = DiskRole(), DiskRole("xvdb")


def test_each_disk_is_given_its_name():
    words = ["system=case/a=b.raw.tar.gz", "xvdb=k", "/dev/xvdc=oss://b/k"]
    assert options.parse_disks(words) == {SYSTEM: "case/a=b.raw.tar.gz", XVDB: "k", DiskRole("xvdc"): "oss://b/k"}


def test_without_the_option_no_disk_is_assigned():
    assert options.parse_disks(None) == {}


@pytest.mark.parametrize("words", [["xvdb"], ["xvdb="], ["=k"], ["../x=k"], ["xvdb=k", "xvdb=l"], ["XVDB=k"]])
def test_words_that_name_no_disk_are_refused_with_the_way_to_write_them(words):
    with pytest.raises(SettingsError, match="--disk") as caught:
        options.parse_disks(words)
    assert "--disk" in caught.value.hint


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("objects,images", {Keep.OBJECTS, Keep.IMAGES}),
        (" raw , images ", {Keep.RAW, Keep.IMAGES}),
        ("objects,", {Keep.OBJECTS}),
        ("", set()),
    ],
)
def test_what_is_kept_is_a_list_of_words(words, kept):
    assert options.parse_keep(words) == kept


def test_an_unknown_word_to_keep_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match="--keep archives") as caught:
        options.parse_keep("archives")
    assert "objects, raw and images" in caught.value.hint


def test_formats_stay_in_order_each_once_and_raw_is_meant_by_none():
    qcow2, vhd = options.TargetFormat.QCOW2, options.TargetFormat.VHD
    assert options.formats([vhd, qcow2, vhd]) == (DiskFormat.VHD, DiskFormat.QCOW2)
    assert options.formats(None) == (DiskFormat.RAW,)


def test_what_was_not_said_about_the_transfer_is_left_as_it_is():
    assert options.transfer(jobs=None, part_size=None) == TransferSettings()
    assert options.transfer(jobs=2, part_size=None) == TransferSettings(jobs=2)
    assert options.transfer(jobs=None, part_size=8) == TransferSettings(part_bytes=8 * MiB)


@pytest.mark.parametrize(("word", "asked"), [("auto", None), ("raw", DiskFormat.RAW), ("vhd", DiskFormat.VHD)])
def test_auto_leaves_the_objects_format_open(word, asked):
    assert options.ExportFormat(word).disk_format is asked


def test_every_format_can_be_asked_for():
    written = [each.value for each in WRITTEN_FORMATS]
    assert [each.value for each in options.ExportFormat] == ["auto", *written]
    assert [each.value for each in options.TargetFormat] == written


def test_who_is_at_work_is_said_by_the_machine_and_the_flags():
    who = options.custodian(examiner="E", case="C", reason="R")
    assert (who.examiner, who.case, who.reason) == ("E", "C", "R")
    assert who.host


def test_a_user_without_a_name_is_none(monkeypatch):
    """As in containers, where the user id stands in no file."""

    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert options.custodian().user == ""


@pytest.mark.parametrize(
    ("words", "rate"),
    [("500K", 512_000), ("1.5M", 1536 * KiB), ("2MiB/s", 2 * MiB), ("1g", 1024 * MiB), ("200000", 200_000)],
)
def test_a_rate_is_bytes_a_second(words, rate):
    assert options.parse_rate(words) == rate


@pytest.mark.parametrize("words", ["", "0", "-1", "fast", "10 X", "1e9", "12", "10Mbit"])
def test_what_is_no_rate_is_refused_with_the_way_to_write_one(words):
    with pytest.raises(SettingsError, match="--limit-rate") as caught:
        options.parse_rate(words)
    assert "500K" in caught.value.hint


def test_a_limit_is_one_of_the_transfer():
    assert options.transfer(jobs=None, part_size=None, limit_rate="1M").bytes_per_second == MiB
