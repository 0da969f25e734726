"""Tests of pipeline/examining.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import FakeServices, MemoryStore, services
from tests.unit.stages.cloud_fakes import IMAGE_ID, NOW, image

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.errors import AccessDenied, ImgkitError, NoSuchBucketOrObject, NotAccessible, SettingsError, ToolMissing
from imgkit.files.abilities import Abilities
from imgkit.model.cloud_object import BucketInfo, ObjectInfo
from imgkit.model.preflight import Finding, Severity
from imgkit.pipeline.examining import examine_cloud, examine_machine
from imgkit.services import Services
from imgkit.tools.gnu_tar import GnuTar
from imgkit.units import GiB, TiB

HELD, REFUSAL, WARNING = Severity.HELD, Severity.REFUSAL, Severity.WARNING
Change = Callable[[str, Any], None]


def _of(findings: Sequence[Finding], rule: str) -> Finding:
    return next(each for each in findings if each.rule == rule)


def _raising(error: Exception) -> Callable[..., Any]:
    def raises(*_: object, **__: object) -> Any:
        raise error

    return raises


# --- this machine ---


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Change:
    """A machine that has everything; the returned function changes what one look gives."""

    def change(name: str, gives: Any) -> None:
        monkeypatch.setattr(f"imgkit.pipeline.examining.{name}", gives)

    found = Abilities(
        folder=tmp_path, free_bytes=90 * GiB, holds_holes=True, largest_file_bytes=16 * TiB, renames_atomically=True
    )
    change("metadata.version", _raising(metadata.PackageNotFoundError("imgkit")))
    change("qemu_program.require", lambda name: Path("/usr/bin") / name)
    change("qemu_program.version_of", lambda _: "8.2.0")
    change("gnu_tar.find_gnu_tar", lambda: GnuTar(path=Path("/bin/tar"), version="1.35"))
    change("find_program", lambda name: Path("/usr/bin") / name)
    change("version_of", lambda _: "9.2p1")
    change("examine_guestfs", lambda _: (Finding(rule="libguestfs", severity=HELD, words="libguestfs: 1.52"),))
    change("probe_folder", lambda _: found)
    return change


@pytest.mark.parametrize("name", ["ssh-keygen", "minisign"])
def test_what_only_signing_needs_is_a_note_where_it_lacks(machine: Change, tmp_path: Path, name: str):
    found = _of(examine_machine(services(tmp_path), tmp_path), name)
    assert (found.severity, found.words) == (HELD, f"{name}: 9.2p1")
    machine("find_program", lambda _: None)
    lacking = _of(examine_machine(services(tmp_path), tmp_path), name)
    assert (lacking.severity, "neither made nor verified" in lacking.words) == (Severity.NOTE, True)
    assert name in lacking.remedy or "openssh-client" in lacking.remedy


def _machine(tmp_path: Path) -> tuple[Finding, ...]:
    return examine_machine(services(tmp_path), tmp_path)


def test_a_machine_that_has_everything_holds(machine: Change, tmp_path):
    found = _machine(tmp_path)
    assert {each.severity for each in found} == {HELD}
    assert "90 GiB free" in _of(found, "disk").words
    assert _of(found, "qemu-img").words == "qemu-img: 8.2.0"


def test_the_other_package_of_that_name_is_told_with_its_remedy(machine: Change, tmp_path):
    """On PyPI `imgkit` is an HTML renderer, whose files lie where ours do."""
    machine("metadata.version", lambda _: "1.2.3")
    found = _of(_machine(tmp_path), "package")
    assert (found.severity, "1.2.3" in found.words) == (REFUSAL, True)
    assert "pip uninstall imgkit imgkit-ecs" in found.remedy


def test_a_missing_program_is_a_finding_and_the_look_goes_on(machine: Change, tmp_path):
    machine("qemu_program.require", _raising(ToolMissing("qemu is not installed", hint="apt-get install qemu-utils")))
    found = _machine(tmp_path)
    assert [each.rule for each in found if each.severity is REFUSAL] == ["qemu-img", "qemu-nbd"]
    assert _of(found, "qemu-img").remedy == "apt-get install qemu-utils"
    assert _of(found, "disk").severity is HELD


def test_gnu_tar_may_be_missing(machine: Change, tmp_path):
    machine("gnu_tar.find_gnu_tar", lambda: None)
    assert _of(_machine(tmp_path), "GNU tar").severity is Severity.NOTE


def test_a_folder_without_holes_is_a_warning(machine: Change, tmp_path):
    found = Abilities(
        folder=tmp_path, free_bytes=GiB, holds_holes=False, largest_file_bytes=4 * GiB - 1, renames_atomically=True
    )
    machine("probe_folder", lambda _: found)
    assert _of(_machine(tmp_path), "disk").severity is WARNING


def test_a_folder_that_cannot_be_written_is_a_finding(machine: Change, tmp_path):
    machine("probe_folder", _raising(NotAccessible("cannot write")))
    assert _of(_machine(tmp_path), "disk").severity is REFUSAL


# --- the cloud ---


@dataclass
class DatedStore(MemoryStore):
    """A bucket that says what time it is; `denied` are calls that it refuses."""

    clock: datetime | None = NOW
    denied: dict[str, ImgkitError] = field(default_factory=dict)

    def describe(self, key: str) -> ObjectInfo:
        if "describe" in self.denied:
            raise self.denied["describe"]
        return replace(super().describe(key), server_date=self.clock)

    def list_objects(self, prefix: str) -> Any:
        if "list" in self.denied:
            raise self.denied["list"]
        yield from (MemoryStore.describe(self, key) for key in self.keys)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    made = services(tmp_path)
    made.fake_cloud.known[IMAGE_ID] = image()
    made.fake_store = DatedStore(keys={"k": 1})
    keys = FixedCredentials("the environment", Keys("LTAI5tSecretMiddleXYZ", "very-secret", ""))
    monkeypatch.setattr(FakeServices, "credentials", lambda _: keys)
    return made


def _cloud(made: Services, off: timedelta = timedelta()) -> tuple[Finding, ...]:
    return examine_cloud(made, lambda: NOW + off)


def _store(made: FakeServices) -> DatedStore:
    assert isinstance(made.fake_store, DatedStore)
    return made.fake_store


def test_a_cloud_that_lets_everything_pass_holds(cloud: FakeServices):
    found = _cloud(cloud)
    assert {each.severity for each in found} == {HELD}
    assert [each.rule for each in found] == [
        "credentials",
        "ecs:DescribeImages",
        "ecs:DescribeTasks",
        "endpoint",
        "bucket",
        "oss:ListObjects",
        "clock",
    ]


def test_the_endpoint_that_is_used_is_told(cloud: FakeServices):
    cloud.settings = replace(cloud.settings, oss_endpoint="https://images.example.com", cname=True)
    (told,) = [each.words for each in _cloud(cloud) if each.rule == "endpoint"]
    assert told == "endpoint: https://images.example.com, a domain bound to the bucket"


def test_neither_secret_nor_the_whole_key_is_shown(cloud: FakeServices):
    words = " ".join(each.words for each in _cloud(cloud))
    assert "long-lived key LTAI…eXYZ from the environment" in words
    assert "very-secret" not in words
    assert "SecretMiddle" not in words


def test_without_credentials_nothing_else_is_asked(cloud: FakeServices, monkeypatch):
    monkeypatch.setattr(FakeServices, "credentials", _raising(SettingsError("no credentials")))
    assert [each.rule for each in _cloud(cloud)] == ["credentials"]


def test_a_right_that_is_lacking_is_a_finding_and_the_look_goes_on(cloud: FakeServices, monkeypatch):
    monkeypatch.setattr(type(cloud.fake_cloud), "export_tasks", _raising(AccessDenied("no DescribeTasks", hint="ask")))
    found = _cloud(cloud)
    assert [each.rule for each in found if each.severity is REFUSAL] == ["ecs:DescribeTasks"]
    assert _of(found, "clock").severity is HELD


def test_a_missing_region_is_a_finding_and_the_look_goes_on(cloud: FakeServices, monkeypatch):
    lacking = _raising(SettingsError("no region is given", hint="Name it with --region"))
    monkeypatch.setattr(FakeServices, "cloud", lacking)
    monkeypatch.setattr(FakeServices, "store", lacking)
    found = _cloud(cloud)
    assert _of(found, "ecs").severity is REFUSAL
    assert _of(found, "bucket").severity is REFUSAL


def test_without_a_bucket_none_is_looked_at(cloud: FakeServices):
    cloud.settings = replace(cloud.settings, bucket="")
    assert [each.rule for each in _cloud(cloud)][-1] == "ecs:DescribeTasks"


def test_a_bucket_that_is_not_there_is_a_finding(cloud: FakeServices):
    _store(cloud).info = NoSuchBucketOrObject("no bucket evidence")
    assert _of(_cloud(cloud), "bucket").severity is REFUSAL


def test_a_bucket_elsewhere_is_a_finding(cloud: FakeServices):
    _store(cloud).info = BucketInfo(name="evidence", region_id="cn-beijing")
    found = _of(_cloud(cloud), "bucket region")
    assert (found.severity, "cn-beijing" in found.words) == (REFUSAL, True)


def test_an_empty_bucket_tells_no_time(cloud: FakeServices):
    _store(cloud).keys.clear()
    found = _cloud(cloud)
    assert _of(found, "oss:ListObjects").words.endswith("the bucket is empty")
    assert all(each.rule != "clock" for each in found)


@pytest.mark.parametrize("call", ["list", "describe"])
def test_objects_that_may_not_be_read_are_a_finding(cloud: FakeServices, call):
    _store(cloud).denied[call] = AccessDenied("no")
    rule = {"list": "oss:ListObjects", "describe": "oss:GetObject"}[call]
    assert _of(_cloud(cloud), rule).severity is REFUSAL


@pytest.mark.parametrize(("off", "severity"), [(2, HELD), (-59, HELD), (61, WARNING), (-1200, WARNING)], ids=str)
def test_a_clock_that_is_off_is_told_before_nothing_works(cloud: FakeServices, off, severity):
    assert _of(_cloud(cloud, timedelta(seconds=off)), "clock").severity is severity


def test_the_clock_is_looked_at_when_the_service_answers(cloud: FakeServices):
    """What was asked before may have taken minutes."""
    asked: list[bool] = []

    def now() -> datetime:
        asked.append(bool(cloud.fake_cloud.queries))
        return NOW

    examine_cloud(cloud, now)
    assert asked == [True]


def test_a_service_without_a_date_leaves_the_clock_unknown(cloud: FakeServices):
    _store(cloud).clock = None
    assert _of(_cloud(cloud), "clock").severity is Severity.UNKNOWN
