"""Tests of stages/preflight.py."""

from dataclasses import replace

import pytest
from tests.unit.stages.cloud_fakes import IMAGE_ID, REQUEST, FakeCloud, FakeStore, image

from imgkit.errors import AccessDenied, NoSuchBucketOrObject, NotExportable, SettingsError, TransferError
from imgkit.model.cloud_object import BucketInfo
from imgkit.model.image import CustomImage, DiskMapping
from imgkit.model.preflight import Finding, Severity
from imgkit.model.role import DiskRole
from imgkit.stages.preflight import examine_export, examine_image, find_earlier_export
from imgkit.units import GiB


def _refused(findings: tuple[Finding, ...]) -> list[str]:
    return [each.rule for each in findings if each.severity is Severity.REFUSAL]


def _examine(found: CustomImage, store: FakeStore | None = None, **fields: object) -> tuple[Finding, ...]:
    cloud = FakeCloud()
    return examine_export(cloud, store or FakeStore(), found, replace(REQUEST, **fields))  # type: ignore[arg-type]


def test_a_plain_image_and_bucket_hold_in_every_rule():
    findings = _examine(image("xvdb"))
    assert {each.severity for each in findings} == {Severity.HELD}
    assert "dry run" in {each.rule for each in findings}


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"owner_alias": "system"}, "own image"),
        ({"status": "Creating"}, "status"),
        ({"os_type": "windows"}, "operating system"),
        ({"product_code": "cmjj0001"}, "Marketplace"),
        ({"disks": (DiskMapping(role=DiskRole(), device="/dev/xvda", size_bytes=1, encrypted=True),)}, "encryption"),
        ({"disks": (DiskMapping(role=DiskRole("xvdb"), device="b", size_bytes=2049 * GiB),)}, "disk sizes"),
    ],
)
def test_each_rule_of_the_image_refuses_with_a_remedy(fields, rule):
    findings = tuple(examine_image(image(**fields)))
    refusals = [each for each in findings if each.severity is Severity.REFUSAL]
    assert [each.rule for each in refusals] == [rule]
    assert isinstance(refusals[0].error, NotExportable)
    assert refusals[0].remedy


def test_a_system_disk_is_not_held_to_the_limit_of_data_disks():
    large = (DiskMapping(role=DiskRole(), device="/dev/xvda", size_bytes=4000 * GiB),)
    assert not _refused(tuple(examine_image(image(disks=large))))


@pytest.mark.parametrize(
    "roles_and_size", [(("xvdb",), 501), (("xvdb", "xvdc", "xvdd", "xvde", "xvdf"), 20)], ids=["large", "many"]
)
def test_the_older_limits_only_warn(roles_and_size):
    roles, size = roles_and_size
    disks = tuple(DiskMapping(role=DiskRole(role), device=role, size_bytes=size * GiB) for role in roles)
    findings = tuple(examine_image(image(disks=disks)))
    assert [each.rule for each in findings if each.severity is Severity.WARNING] == ["older limits"]
    assert not _refused(findings)


def test_all_refusals_come_at_once():
    bucket = BucketInfo(name="evidence", region_id="cn-beijing", encryption="AES256")
    findings = _examine(image(os_type="windows", status="Creating"), FakeStore(info=bucket), prefix="not-allowed")
    assert _refused(findings) == ["status", "operating system", "prefix", "bucket region", "bucket encryption"]


def test_a_bad_prefix_is_a_setting():
    finding = next(each for each in _examine(image(), prefix="no_underscores") if each.severity is Severity.REFUSAL)
    assert isinstance(finding.error, SettingsError)


def test_a_missing_bucket_is_refused_with_its_own_error():
    findings = _examine(image(), FakeStore(info=NoSuchBucketOrObject("no bucket", hint="make one")))
    assert _refused(findings) == ["bucket"]
    assert isinstance(findings[-1].error, NoSuchBucketOrObject)


def test_what_could_not_be_looked_at_is_unknown_and_not_refused():
    findings = _examine(image(), FakeStore(info=TransferError("no network")))
    assert not _refused(findings)
    assert any(each.severity is Severity.UNKNOWN and "no network" in each.words for each in findings)


def test_an_archive_bucket_warns():
    bucket = BucketInfo(name="evidence", region_id="cn-hangzhou", storage_class="ColdArchive")
    assert any(each.rule == "storage class" for each in _examine(image(), FakeStore(info=bucket)))


def test_an_export_that_is_there_is_refused_and_offered():
    store = FakeStore(keys={f"case_{IMAGE_ID}_system.raw.tar.gz": 5})
    refusal = next(each for each in _examine(image(), store) if each.severity is Severity.REFUSAL)
    assert "--reuse" in refusal.remedy
    findings = examine_export(FakeCloud(), store, image(), REQUEST, reuse=True)
    assert not _refused(findings)


@pytest.mark.parametrize(
    "key",
    [
        f"other_{IMAGE_ID}_system.raw.tar.gz",
        f"{IMAGE_ID}_system.raw.tar.gz",
        f"case_{IMAGE_ID}x_system.raw.tar.gz",
        f"case/case_{IMAGE_ID}_system.raw.tar.gz",
    ],
)
def test_objects_of_another_prefix_image_or_folder_are_not_in_the_way(key):
    assert not find_earlier_export(FakeStore(keys={key: 1}), REQUEST)


def test_the_consoles_hyphen_is_in_the_way_too():
    assert find_earlier_export(FakeStore(keys={f"case-{IMAGE_ID}_system.raw.tar.gz": 1}), REQUEST)


def test_the_services_own_dry_run_is_asked_last_and_believed():
    cloud = FakeCloud(dry_run=AccessDenied("no role", hint="make the role"))
    findings = examine_export(cloud, FakeStore(), image(), REQUEST)
    assert _refused(findings) == ["dry run"]
    assert isinstance(findings[-1].error, AccessDenied)


def test_the_dry_run_is_not_asked_when_something_forbids_it_anyway():
    findings = examine_export(FakeCloud(dry_run=AccessDenied("x")), FakeStore(), image(status="Creating"), REQUEST)
    assert "dry run" not in {each.rule for each in findings}
