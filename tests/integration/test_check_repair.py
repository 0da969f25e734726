"""`imgkit check --repair` and `--online` against the loopback cloud: what is mended, from what, and what stays."""

import hashlib
import json
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integration.loopback import IMAGE_ID, Loopback, put_image
from tests.integration.set_breaking import PARTS, REPORT, SYSTEM, XVDB, BrokenSet, copy_set, fetch_set

from imgkit.process import run
from imgkit.simulator import Fault, FaultKind, Simulator
from imgkit.units import KiB, MiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd", "tar")

_DENIED = Fault(FaultKind.ERROR, service="oss", code="AccessDenied", status=403, times=None)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    root = tmp_path_factory.mktemp("cloud")
    with Simulator(root) as simulator:
        yield fetch_set(simulator, tmp_path_factory.mktemp("work"))
        assert not simulator.bugs


@pytest.fixture
def broken(fetched: Loopback, tmp_path: Path) -> Iterator[BrokenSet]:
    fetched.simulator.clear_requests()
    yield copy_set(fetched, tmp_path / "set")
    fetched.simulator.clear_faults()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[BrokenSet]:
    """A set with a cloud of its own, for tests that change what lies in the bucket."""
    for name in ("cloud", "work"):
        (tmp_path / name).mkdir()
    with Simulator(tmp_path / "cloud") as simulator:
        cloud = fetch_set(simulator, tmp_path / "work")
        yield BrokenSet(cloud=cloud, folder=cloud.folder / IMAGE_ID)


def _manifest(broken: BrokenSet) -> Any:
    return json.loads(broken.path("imgkit.json").read_text())


def _fetched_bytes(broken: BrokenSet) -> int:
    return sum(each.bytes_sent for each in broken.cloud.simulator.requests if each.action == "GetObject")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _repaired(broken: BrokenSet, *words: str, code: int = 0) -> Any:
    return broken.check("--repair", *words, code=code)["repair"]


def test_where_everything_holds_nothing_is_touched(broken: BrokenSet) -> None:
    before = broken.digests()
    assert _repaired(broken)["repaired"] == []
    after = broken.digests()
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= {".imgkit/lock"}
    assert not broken.cloud.simulator.requests


def test_of_a_damaged_archive_only_the_part_that_differs_is_fetched(broken: BrokenSet) -> None:
    whole = _sha256(broken.path(SYSTEM))
    broken.flip(SYSTEM, 2 * MiB + 5)
    assert _repaired(broken)["repaired"] == [SYSTEM]
    assert _sha256(broken.path(SYSTEM)) == whole
    assert _fetched_bytes(broken) == MiB
    assert not broken.path(".imgkit/repair").exists()


def test_everything_that_stood_on_a_disk_is_put_right_and_nothing_else_is_touched(broken: BrokenSet) -> None:
    damaged = [SYSTEM, "digests/system.chunks", "system.raw", "system.qcow2", "system.azure.vhd"]
    before = broken.digests()
    for name in damaged:
        broken.flip(name, 1100 if name.startswith("digests") is False else 130)
    assert sorted(_repaired(broken)["repaired"]) == sorted(damaged)
    after = broken.digests()
    changed = {name for name in before if before[name] != after.get(name) and not name.startswith(".imgkit/")}
    assert changed <= {"imgkit.json", "SHA256SUMS", "system.qcow2", "system.azure.vhd"}
    assert broken.cloud.disks["system"] == _sha256(broken.path("system.raw"))
    assert broken.check("--deep", code=0)["held"]


def test_a_repair_is_a_step_in_the_record_with_what_was_found(broken: BrokenSet) -> None:
    broken.flip("xvdb.qcow2", 400 * KiB)
    done = broken.cloud.imgkit("check", str(broken.folder), "--repair", "--examiner", "E", "--case", "C")
    assert done.code == 0, done.err
    step = _manifest(broken)["steps"][-1]
    assert (step["step"], step["role"], step["outcome"], step["arguments"]) == (
        "repair",
        "xvdb",
        "held",
        ["xvdb.qcow2"],
    )
    assert any("guest view" in note for note in step["notes"])
    lines = [json.loads(line) for line in broken.path("custody.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines[-2:]] == ["repair", "check"]
    assert lines[-2]["who"]["examiner"] == "E"


def test_a_raw_disk_without_its_archive_is_made_from_another_image(broken: BrokenSet) -> None:
    broken.cloud.simulator.add_faults(
        Fault(FaultKind.ERROR, service="oss", code="AccessDenied", status=403, times=None)
    )
    broken.flip(SYSTEM, 1000)
    broken.path("system.raw").unlink()
    told = _repaired(broken, code=60)
    assert told["repaired"] == ["system.raw"]
    assert [each["path"] for each in told["not_repaired"]] == [SYSTEM]
    assert _sha256(broken.path("system.raw")) == broken.cloud.disks["system"]


def test_where_nothing_of_a_disk_holds_its_files_stay_as_they_are(broken: BrokenSet) -> None:
    broken.cloud.simulator.add_faults(
        Fault(FaultKind.ERROR, service="oss", code="AccessDenied", status=403, times=None)
    )
    names = (XVDB, "xvdb.raw", "xvdb.qcow2", "xvdb.azure.vhd")
    for name in names:
        broken.flip(name, 1_100_000)
    before = {name: _sha256(broken.path(name)) for name in names}
    told = _repaired(broken, code=60)
    assert told["repaired"] == []
    assert {each["path"] for each in told["not_repaired"]} == set(names)
    assert {name: _sha256(broken.path(name)) for name in names} == before


def test_chunk_digests_are_taken_again_and_are_the_same_bytes(broken: BrokenSet) -> None:
    before = broken.path("digests/xvdb.chunks").read_bytes()
    broken.path("digests/xvdb.chunks").write_bytes(b"")
    assert _repaired(broken)["repaired"] == ["digests/xvdb.chunks"]
    assert broken.path("digests/xvdb.chunks").read_bytes() == before


def test_a_lost_parts_file_is_made_again_byte_for_byte_without_the_network(broken: BrokenSet) -> None:
    before = broken.path(PARTS).read_bytes()
    broken.path(PARTS).unlink()
    assert _repaired(broken)["repaired"] == [PARTS]
    assert broken.path(PARTS).read_bytes() == before
    assert not broken.cloud.simulator.requests


def test_with_archive_and_parts_file_both_damaged_the_whole_is_fetched(broken: BrokenSet) -> None:
    whole = _sha256(broken.path(SYSTEM))
    broken.flip(SYSTEM, 1000)
    broken.path(PARTS).write_bytes(b"{}")
    assert set(_repaired(broken)["repaired"]) == {SYSTEM, PARTS}
    assert _sha256(broken.path(SYSTEM)) == whole


def test_an_archive_that_is_gone_is_fetched_again(broken: BrokenSet) -> None:
    whole = _sha256(broken.path(SYSTEM))
    broken.path(SYSTEM).unlink()
    broken.path(PARTS).unlink()
    assert set(_repaired(broken)["repaired"]) == {SYSTEM, PARTS}
    assert _sha256(broken.path(SYSTEM)) == whole


def test_an_object_that_somebody_replaced_mends_nothing(own: BrokenSet) -> None:
    key = SYSTEM.removeprefix("objects/")
    kept = own.cloud.simulator.read_object(key)
    own.flip(SYSTEM, 1000)
    damaged = _sha256(own.path(SYSTEM))
    own.cloud.simulator.put_object(key, kept[:-1] + bytes([kept[-1] ^ 1]), multipart=True)
    told = _repaired(own, code=60)
    assert "no longer the object" in told["not_repaired"][0]["reason"]
    assert _sha256(own.path(SYSTEM)) == damaged
    asked = own.check("--online", code=60)
    (link,) = [each for each in asked["links"] if each["link"] == "is in the bucket as it was" and each["detail"]]
    assert "another object lies there now" in link["detail"]


def test_a_report_is_not_made_up_again(broken: BrokenSet) -> None:
    broken.flip(REPORT, 3)
    told = _repaired(broken, code=60)
    assert [each["path"] for each in told["not_repaired"]] == [REPORT]


def test_sums_are_written_again_from_the_manifest(broken: BrokenSet) -> None:
    before = broken.path("SHA256SUMS").read_bytes()
    broken.flip("SHA256SUMS", 5)
    assert _repaired(broken)["repaired"] == ["SHA256SUMS"]
    assert broken.path("SHA256SUMS").read_bytes() == before


@pytest.mark.parametrize("name", ["imgkit.json", "custody.jsonl"])
def test_on_the_word_of_a_record_that_does_not_hold_nothing_is_repaired(broken: BrokenSet, name: str) -> None:
    broken.flip("system.raw", 1_100_000)
    content = broken.path(name).read_text()
    broken.path(name).write_text(content.replace("cn-hangzhou", "cn-beijing").replace('"event":"begin"', '"event":"x"'))
    before = broken.digests()
    ended = broken.cloud.imgkit("check", str(broken.folder), "--repair")
    assert ended.code == 60
    assert "its record does not hold" in ended.err
    assert broken.digests() == before


def test_killed_at_any_moment_the_damaged_file_is_there_or_the_mended_one(broken: BrokenSet) -> None:
    """Seeded. The damaged archive keeps its name until the mended one is proven; no part is fetched twice."""
    chance = random.Random(20261128)
    whole = _sha256(broken.path(SYSTEM))
    for at in (3000, MiB + 1, 3 * MiB + 1, 5 * MiB + 1):
        broken.flip(SYSTEM, at)
    broken.flip("system.raw", 1_200_000)
    broken.flip("system.qcow2", 700_000)
    damaged = _sha256(broken.path(SYSTEM))
    broken.cloud.simulator.add_faults(Fault(FaultKind.SLOW, action="GetObject", bytes_per_second=2 * MiB, times=None))
    kills = 0
    for number in range(60):  # later and later: a quick machine is met in the middle of it, and a slow one gets there
        moment = chance.uniform(0.35, 0.9) * 1.06**number
        ended = broken.cloud.killed_after(moment, ("check", str(broken.folder), "--repair"))
        assert _sha256(broken.path(SYSTEM)) in {damaged, whole}
        if ended.code == 0:
            break
        kills += 1
        assert ended.code == -signal.SIGKILL, ended.err
    else:
        pytest.fail("it never came to its end")
    assert kills
    assert _sha256(broken.path(SYSTEM)) == whole
    assert _sha256(broken.path("system.raw")) == broken.cloud.disks["system"]
    assert broken.check("--deep", code=0)["held"]


def test_what_the_service_still_has_is_said(broken: BrokenSet) -> None:
    asked = broken.check("--online", code=0)
    said = [
        link
        for link in asked["links"]
        if link["link"] in {"is in the bucket as it was", "is the task that the service knows"}
    ]
    assert [link["outcome"] for link in said] == ["held"] * 3
    assert not _fetched_bytes(broken)


def test_what_is_gone_from_the_bucket_is_no_fault_of_the_bytes(own: BrokenSet) -> None:
    own.cloud.simulator.delete_object(XVDB.removeprefix("objects/"))
    (link,) = [each for each in own.check("--online", code=3)["links"] if each["outcome"] != "held"]
    assert (link["disk"], link["outcome"]) == ("xvdb", "undetermined")
    assert link["detail"].startswith("gone: ")
    assert own.cloud.imgkit("clean", str(own.folder), "--yes").code == 0
    cleaned = own.check("--online", code=3)
    asked = [each for each in cleaned["links"] if each["link"] == "is in the bucket as it was"]
    details = {each["disk"]: each["detail"] for each in asked}
    assert "imgkit clean removed it" in details["system"]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Loopback]:
    for name in ("cloud", "work"):
        (tmp_path / name).mkdir()
    with Simulator(tmp_path / "cloud") as simulator:
        disks = put_image(simulator, tmp_path / "disks", {"system": 6})
        yield Loopback(simulator=simulator, folder=tmp_path / "work", disks=disks)


def test_an_object_written_after_the_export_had_ended_is_a_finding(fresh: Loopback) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    fresh.simulator.add_faults(
        Fault(FaultKind.HEADER, action="HeadObject", name="Last-Modified", value=later, times=None)
    )
    done = fresh.imgkit("fetch", IMAGE_ID, "--no-inspect")
    assert (done.code, "somebody wrote it after the export" in done.err) == (3, True)
    checked = fresh.imgkit("check", IMAGE_ID, "--json")
    assert checked.code == 60
    (link,) = [each for each in checked.data["links"] if each["outcome"] == "failed"]
    assert (link["disk"], link["link"]) == ("system", "written before the export task ended")


def test_a_set_whose_archive_holds_a_qcow2_is_repaired_like_any_other(tmp_path: Path) -> None:
    for name in ("cloud", "work"):
        (tmp_path / name).mkdir()
    settings = {"region_id": "eu-central-1", "packaging": "tar.gz"}
    with Simulator(tmp_path / "cloud", settings=settings) as simulator:
        disks = put_image(simulator, tmp_path / "disks", {"system": 8})
        cloud = Loopback(simulator=simulator, folder=tmp_path / "work", disks=disks)
        words = ("fetch", IMAGE_ID, "--no-inspect", "--format", "qcow2", "--to", "raw", "--to", "qcow2")
        assert cloud.imgkit(*words).code == 0
        own = BrokenSet(cloud=cloud, folder=cloud.folder / IMAGE_ID)
        assert own.check("--deep", code=0)["held"]
        before = own.digests()
        for name in ("system.raw", "system.qcow2", "digests/system.chunks"):
            own.flip(name, -20 if name.startswith("digests") else 1_200_000)
        _repaired(own)
        after = own.digests()
        assert {name for name in before if before[name] != after[name] and "/" not in name} == {"imgkit.json"}


def test_a_clock_that_is_off_is_a_finding_and_breaks_nothing(fresh: Loopback) -> None:
    fresh.simulator.change_settings(clock_offset_seconds=300.0)
    assert fresh.imgkit("fetch", IMAGE_ID, "--no-inspect").code == 3
    checked = fresh.imgkit("check", IMAGE_ID, "--json")
    assert checked.code == 0
    assert any("behind the service's" in note for note in checked.data["notes"])


def test_a_service_that_does_not_answer_could_not_be_asked(broken: BrokenSet) -> None:
    broken.cloud.simulator.add_faults(
        Fault(FaultKind.ERROR, service="oss", code="AccessDenied", status=403, times=None)
    )
    asked = broken.check("--online", code=3)
    assert {each["outcome"] for each in asked["links"]} == {"held", "undetermined"}


def test_repair_and_online_are_for_sets(broken: BrokenSet) -> None:
    ended = broken.cloud.imgkit("check", str(broken.path("system.raw")), "--repair")
    assert ended.code == 4
    assert "needs an image set" in ended.err


def test_the_manifest_says_who_asked_and_when_by_both_clocks(broken: BrokenSet) -> None:
    source = _manifest(broken)["source"]
    assert source["caller"]["account_id"] == "1234567890123456"
    assert source["caller"]["arn"].startswith("acs:ram::1234567890123456:")
    assert source["clock"]["before"] <= source["clock"]["after"]
    assert source["image"]["owner_id"]
    assert source["image"]["request_id"]
    assert source["task"]["request_id"]
    for step in _manifest(broken)["steps"]:
        assert {"imgkit", "python", "system"} <= {name for name, _ in step["tools"]}
        assert step["started"] <= step["ended"]
    assert IMAGE_ID in json.dumps(_manifest(broken)["steps"][0]["arguments"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
@pytest.mark.parametrize("free_kibibytes", [0, 64, 3000, 7000])
def test_on_a_full_disk_the_damaged_files_stay_and_a_later_run_mends_them(
    fetched: Loopback, tmp_path: Path, free_kibibytes: int
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    try:
        run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", place])
    except Exception as error:  # noqa: BLE001  # containers forbid it
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        broken = copy_set(fetched, place / "set")
        names = (SYSTEM, "system.raw", "system.qcow2")
        for name in names:
            broken.flip(name, 1_200_000)
        before = {name: _sha256(broken.path(name)) for name in names}
        usage = os.statvfs(place)
        (place / "filler").write_bytes(bytes(usage.f_bavail * usage.f_frsize - free_kibibytes * KiB))
        ended = broken.cloud.imgkit("check", str(broken.folder), "--repair")
        assert ended.code in {60, 82}, ended.err
        assert "this is a bug" not in ended.err
        assert {name: _sha256(broken.path(name)) for name in names} == before
        (place / "filler").unlink()
        assert set(_repaired(broken)["repaired"]) == set(names)
    finally:
        run(["umount", place])


def test_a_bare_disk_image_from_the_bucket_is_mended_by_its_parts(tmp_path: Path) -> None:
    for name in ("cloud", "work"):
        (tmp_path / name).mkdir()
    settings = {"region_id": "eu-central-1", "packaging": "bare"}
    with Simulator(tmp_path / "cloud", settings=settings) as simulator:
        disks = put_image(simulator, tmp_path / "disks", {"system": 8})
        cloud = Loopback(simulator=simulator, folder=tmp_path / "work", disks=disks)
        words = ("fetch", IMAGE_ID, "--no-inspect", "--format", "qcow2", "--to", "raw", "--part-size", "1")
        assert cloud.imgkit(*words).code == 0
        own = BrokenSet(cloud=cloud, folder=cloud.folder / IMAGE_ID)
        bare = f"objects/{IMAGE_ID}_system.qcow2"
        before = _sha256(own.path(bare))
        simulator.clear_requests()
        own.flip(bare, 1_200_000)
        own.flip("system.raw", 1_200_000)
        assert (bare, "guest view") in own.failed()
        assert set(_repaired(own)["repaired"]) == {bare, "system.raw"}
        assert _sha256(own.path(bare)) == before
        assert _sha256(own.path("system.raw")) == disks["system"]
        assert _fetched_bytes(own) == MiB
