"""Tests of cli/images.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.pipeline.road_fakes import RoadCloud, services
from tests.unit.stages.cloud_fakes import IMAGE_ID, image

from imgkit.model.image import ImageQuery
from imgkit.units import GiB


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RoadCloud:
    made = services(tmp_path)
    monkeypatch.setattr("imgkit.cli.images.open_services", opening(made))
    made.fake_cloud.known = {IMAGE_ID: image("xvdb", name="web", os_name="Debian 12", system_disk_bytes=40 * GiB)}
    return made.fake_cloud


def test_an_image_that_can_be_exported_says_so(cloud: RoadCloud):
    line = imgkit("images").out.splitlines()[1]
    assert line.split() == [IMAGE_ID, "web", "Debian", "12", "40", "GiB", "1", "yes"]


def test_an_image_that_cannot_be_exported_says_why(cloud: RoadCloud):
    cloud.known = {IMAGE_ID: image(os_type="windows", product_code="cmjj1", os_name="Windows Server 2022")}
    assert "no: " in imgkit("images").out
    (told,) = imgkit("images", "--json").data["images"]
    assert told["exportable"] is False
    assert [("Windows" in each, "Marketplace" in each) for each in told["reasons"]] == [(True, False), (False, True)]


def test_every_disk_is_told_as_data(cloud: RoadCloud):
    told = imgkit("images", "--json").data
    assert told["region"] == "cn-hangzhou"
    assert [disk["role"] for disk in told["images"][0]["disks"]] == ["system", "xvdb"]


def test_filters_reach_the_service(cloud: RoadCloud):
    imgkit("images", "--name", "web", "--family", "f", "--resource-group", "rg", "--tag", "case=7", "--tag", "old")
    assert cloud.queries == [
        ImageQuery(name="web", family="f", resource_group_id="rg", tags=(("case", "7"), ("old", "")))
    ]


def test_a_tag_without_a_key_is_refused(cloud: RoadCloud):
    ended = imgkit("images", "--tag", "=7")
    assert (ended.code, "KEY=VALUE" in ended.err) == (4, True)


def test_no_images_is_a_sentence(cloud: RoadCloud):
    cloud.known = {}
    assert imgkit("images").out == "no custom images here\n"


def test_a_hostile_name_is_harmless(cloud: RoadCloud):
    cloud.known = {IMAGE_ID: image(name="web\x1b[2J")}
    assert "\x1b" not in imgkit("images").out + imgkit("images", "--json").out
