"""Regions, limits and the names of exported objects."""

import pytest

from imgkit.aliyun import rules
from imgkit.aliyun.rules import ObjectName, expected_object_names, parse_object_name
from imgkit.model.formats import WRITTEN_FORMATS, DiskFormat
from imgkit.model.role import DiskRole

IMAGE = "m-2ze6tciolfdoydrr6ze3"


@pytest.mark.parametrize("region", ["cn-hangzhou", "cn-beijing", "cn-shenzhen", "ap-south-1", ""])
def test_elsewhere_only_raw_is_exported(region):
    assert not rules.offers_image_format(region)


def test_nine_regions_offer_image_formats():
    assert len(rules.IMAGE_FORMAT_REGIONS) == 9
    assert rules.offers_image_format("eu-central-1")


@pytest.mark.parametrize("prefix", ["a", "Case42", "x" * 30])
def test_prefix_of_letters_and_digits_is_valid(prefix):
    assert rules.is_valid_prefix(prefix)


@pytest.mark.parametrize("prefix", ["", "x" * 31, "a_b", "a-b", "ä", "a\n", "a/b"])
def test_other_prefixes_are_not(prefix):
    assert not rules.is_valid_prefix(prefix)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "m-2ze2gu2si5vs2n8en5mk_system.raw.tar.gz",
            ObjectName(image_id="m-2ze2gu2si5vs2n8en5mk", role=DiskRole(), suffix=".raw.tar.gz"),
        ),
        (
            "backup_m-2ze2gu2si5vs2n8en5mk_system.raw.tar.gz",
            ObjectName(prefix="backup", image_id="m-2ze2gu2si5vs2n8en5mk", role=DiskRole(), suffix=".raw.tar.gz"),
        ),
        (
            f"{IMAGE}_data_xvdb.raw.tar.gz",
            ObjectName(image_id=IMAGE, role=DiskRole("xvdb"), suffix=".raw.tar.gz"),
        ),
        (
            f"folder/Demo-{IMAGE}-system.raw.tar.gz",
            ObjectName(prefix="Demo", image_id=IMAGE, role=DiskRole(), suffix=".raw.tar.gz"),
        ),
        (
            f"MYOSSPRE_{IMAGE}_t-23ym6mv.vhd",
            ObjectName(prefix="MYOSSPRE", image_id=IMAGE, task_id="t-23ym6mv", suffix=".vhd"),
        ),
        (
            f"systemdata_{IMAGE}_data_nvme1n1.qcow2",
            ObjectName(prefix="systemdata", image_id=IMAGE, role=DiskRole("nvme1n1"), suffix=".qcow2"),
        ),
        (f"database_{IMAGE}_data.raw.tar.gz", ObjectName(prefix="database", image_id=IMAGE, suffix=".raw.tar.gz")),
    ],
)
def test_reads_names_of_every_known_kind(key, expected):
    assert parse_object_name(key) == expected


@pytest.mark.parametrize("key", ["", "disk.raw.tar.gz", f"{IMAGE}", f"{IMAGE}_system", f"a b_{IMAGE}_system.raw"])
def test_other_names_are_simply_not_export_names(key):
    assert parse_object_name(key) is None


@pytest.mark.parametrize("role", [DiskRole(), DiskRole("xvdb")])
@pytest.mark.parametrize("prefix", ["", "case7"])
@pytest.mark.parametrize("image_format", WRITTEN_FORMATS)
def test_every_expected_name_reads_back_as_what_it_was_made_of(role, prefix, image_format):
    names = expected_object_names(prefix=prefix, image_id=IMAGE, role=role, image_format=image_format)

    parsed = [parse_object_name(name) for name in names]
    assert {(one.prefix, one.image_id, one.role) for one in parsed if one} == {(prefix, IMAGE, role)}
    assert None not in parsed


def test_the_name_that_the_api_gives_is_expected_first():
    names = expected_object_names(prefix="p1", image_id=IMAGE, role=DiskRole("xvdc"))

    assert names == (f"p1_{IMAGE}_data_xvdc.raw.tar.gz", f"p1-{IMAGE}_data_xvdc.raw.tar.gz")


def test_without_prefix_nothing_stands_before_the_image():
    assert expected_object_names(prefix="", image_id=IMAGE, role=DiskRole()) == (f"{IMAGE}_system.raw.tar.gz",)


def test_other_formats_may_come_bare():
    names = expected_object_names(prefix="", image_id=IMAGE, role=DiskRole(), image_format=DiskFormat.VHD)

    assert names == (f"{IMAGE}_system.vhd.tar.gz", f"{IMAGE}_system.vhd")
