"""Tests of pipeline/planning.py."""

import pytest
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, Road
from tests.unit.stages.cloud_fakes import IMAGE_ID, SYSTEM, XVDB, image

from imgkit.files.abilities import Abilities
from imgkit.model.cloud_object import BucketInfo, ObjectInfo
from imgkit.model.formats import DiskFormat
from imgkit.model.image import DiskMapping
from imgkit.model.manifest import DiskRecord
from imgkit.model.preflight import Finding, Severity
from imgkit.pipeline.planning import costs, plan_fetch, room_after, room_before
from imgkit.units import GiB, TiB


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """A disk with 100 GiB free."""
    monkeypatch.setattr(
        "imgkit.pipeline.planning.probe_folder",
        lambda folder: Abilities(
            folder=folder,
            free_bytes=100 * GiB,
            holds_holes=True,
            largest_file_bytes=16 * TiB,
            renames_atomically=True,
        ),
    )


def _refused(findings: object) -> list[str]:
    assert isinstance(findings, tuple)
    return [each.rule for each in findings if isinstance(each, Finding) and each.severity is Severity.REFUSAL]


def test_a_plan_looks_at_rules_room_and_costs_and_spends_nothing(road: Road):
    road.store.keys.clear()
    found, findings = plan_fetch(road.services, road.request())
    assert found == image()
    assert {"own image", "bucket region", "dry run", "room", "billing"} <= {each.rule for each in findings}
    assert _refused(findings) == []
    assert not road.cloud.sent
    assert not road.folder.exists()


def test_a_plan_holds_every_refusal_at_once(road: Road):
    road.cloud.known[IMAGE_ID] = image(os_type="windows")
    road.store.info = BucketInfo(name="evidence", region_id="cn-beijing")
    _, findings = plan_fetch(road.services, road.request())
    assert _refused(findings) == ["operating system", "bucket region", "object names"]


def test_an_export_that_is_there_is_no_refusal_with_reuse(road: Road):
    _, findings = plan_fetch(road.services, road.request(reuse=True))
    assert _refused(findings) == []


def test_before_the_export_only_the_disks_sizes_are_known(road: Road):
    warnings = [each for each in room_before(road.request(), image("xvdb")) if each.severity is Severity.WARNING]
    assert [each.rule for each in warnings] == ["room"]


def test_a_format_that_cannot_hold_a_disk_is_refused_before_the_export(road: Road):
    huge = image(disks=(DiskMapping(role=SYSTEM, device="/dev/xvda", size_bytes=3 * TiB),))
    assert _refused(room_before(road.request(formats=(DiskFormat.VHD,)), huge)) == ["format"]


def test_once_the_objects_are_known_too_little_room_is_refused(road: Road):
    remote = ObjectInfo(bucket="evidence", key=SYSTEM_KEY, size=60 * GiB, etag="e")
    disk = DiskRecord(role=SYSTEM, object=remote, expected_bytes=80 * GiB)
    assert _refused(room_after(road.request(), [disk], have_bytes=0)) == ["room"]


def test_what_is_here_already_needs_no_room(road: Road):
    remote = ObjectInfo(bucket="evidence", key=SYSTEM_KEY, size=40 * GiB, etag="e")
    disks = [DiskRecord(role=role, object=remote, expected_bytes=40 * GiB) for role in (SYSTEM, XVDB)]
    assert _refused(room_after(road.request(), disks, have_bytes=0)) == ["room"]
    assert _refused(room_after(road.request(), disks, have_bytes=80 * GiB)) == []


def test_what_is_billed_is_said_with_all_disks():
    (told,) = costs(image("xvdb"))
    assert told.severity is Severity.NOTE
    assert "60 GiB" in told.words
    assert "imgkit clean" in told.remedy


def test_an_amount_that_nobody_knows_is_not_called_nothing():
    (told,) = costs(image(disks=()))
    assert "0 B" not in told.words
