"""`imgkit download` as a user types it, against the loopback cloud."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.loopback import Ended, Loopback

from imgkit.simulator import CloudBucket, Fault, FaultKind, Simulator
from imgkit.units import MiB

KEY = "case/disk 1.raw.tar.gz"
URL = f"oss://evidence/{KEY}"
NAME = "disk_1.raw.tar.gz"
CONTENT = random.Random(4).randbytes(3 * MiB + 77)
OTHER = random.Random(5).randbytes(3 * MiB + 77)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    (tmp_path / "cloud").mkdir()
    (tmp_path / "work").mkdir()
    with Simulator(tmp_path / "cloud") as simulator:
        simulator.put_object(KEY, CONTENT, multipart=True)
        yield Loopback(simulator, tmp_path / "work")
        assert simulator.bugs == ()


@pytest.fixture
def fetched(cloud: Loopback) -> Callable[..., list[str]]:
    """The ranges that a command fetched."""

    def ranges(*words: str) -> list[str]:
        cloud.simulator.clear_requests()
        ended = cloud.imgkit("download", *words)
        assert ended.code == 0, ended.err
        return [each.range for each in cloud.simulator.requests if each.action == "GetObject"]

    return ranges


def damage(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes([CONTENT[offset] ^ 1]))


def test_only_damaged_parts_are_fetched_again(cloud: Loopback, fetched: Callable[..., list[str]]) -> None:
    assert len(fetched(URL, "--part-size", "1")) == 4
    target = cloud.folder / NAME
    damage(target, 2 * MiB + 9)
    told = cloud.imgkit("download", URL, "--check-only", "--json")
    assert (told.code, told.data["objects"][0]["differing_parts"]) == (60, [2])
    assert fetched(URL, "--repair") == [f"bytes={2 * MiB}-{3 * MiB - 1}"]
    assert target.read_bytes() == CONTENT
    assert fetched(URL, "--check-only") == []


def test_a_version_that_was_replaced_can_still_be_had(cloud: Loopback) -> None:
    cloud.simulator.put_bucket(CloudBucket(name="kept", versioning="Enabled"))
    first = cloud.simulator.put_object("k", CONTENT, bucket="kept")
    cloud.simulator.put_object("k", OTHER, bucket="kept")
    assert cloud.imgkit("download", "oss://kept/k", "-o", "new").code == 0
    ended = cloud.imgkit("download", "oss://kept/k", "-o", "old", "--version-id", first.version_id, "--json")
    assert ended.data["objects"][0]["version_id"] == first.version_id
    assert (cloud.folder / "new" / "k").read_bytes() == OTHER
    assert (cloud.folder / "old" / "k").read_bytes() == CONTENT
    ended = cloud.imgkit("download", "oss://kept/k", "-o", "none", "--version-id", "CAEQ0")
    assert (ended.code, "no such version" in ended.err) == (16, True)


def test_a_bucket_whose_reader_pays(cloud: Loopback) -> None:
    cloud.simulator.put_bucket(CloudBucket(name="theirs", requester_pays=True))
    cloud.simulator.put_object("case/k", CONTENT, bucket="theirs")
    ended = cloud.imgkit("download", "oss://theirs/case/")
    assert (ended.code, "--requester-pays" in ended.err) == (11, True)
    assert cloud.imgkit("download", "oss://theirs/case/", "--requester-pays").code == 0
    assert (cloud.folder / "k").read_bytes() == CONTENT


@pytest.mark.parametrize(("offset", "words"), [(7500, "2 h 5 min behind"), (-7500, "2 h 5 min ahead of")])
def test_a_clock_that_is_wrong_is_told_with_how_far(cloud: Loopback, offset: int, words: str) -> None:
    cloud.simulator.change_settings(clock_offset_seconds=offset)
    ended = cloud.imgkit("download", URL)
    assert (ended.code, f"this machine's clock is {words} the service's" in ended.err) == (10, True), ended.err


def test_several_at_once_share_the_ranges_that_were_allowed(cloud: Loopback) -> None:
    for number in range(5):
        cloud.simulator.put_object(f"many/{number}", CONTENT)
    cloud.simulator.add_faults(Fault(FaultKind.DELAY, action="GetObject", seconds=0.02, times=None))
    ended = cloud.imgkit("download", "oss://evidence/many/", "-o", "many", "--jobs", "3", "--json")
    assert [Path(each["path"]).name for each in ended.data["objects"]] == ["0", "1", "2", "3", "4"]
    assert all((cloud.folder / "many" / str(number)).read_bytes() == CONTENT for number in range(5))


def test_one_that_fails_keeps_none_of_the_others(cloud: Loopback) -> None:
    cloud.simulator.put_object("case/a", CONTENT)
    cloud.simulator.add_faults(Fault(FaultKind.CRC_WRONG, key="case/a", times=None))
    ended = cloud.imgkit("download", "oss://evidence/case/", "--json")
    assert (ended.code, [Path(each["path"]).name for each in ended.data["objects"]]) == (60, [NAME])
    assert not (cloud.folder / "a").exists()


def test_a_limit_is_kept_and_all_comes(cloud: Loopback) -> None:
    cloud.simulator.put_object("small", CONTENT[:200_000])
    ended = cloud.imgkit("download", "oss://evidence/small", "--limit-rate", "200K", "-v")
    assert ended.code == 0, ended.err
    assert (cloud.folder / "small").read_bytes() == CONTENT[:200_000]


def test_what_is_frozen_is_explained_and_restored_on_demand(cloud: Loopback) -> None:
    cloud.simulator.put_object("cold/k", CONTENT, storage_class="Archive")
    refused: Ended = cloud.imgkit("download", "oss://evidence/cold/")
    assert (refused.code, "--restore" in refused.err) == (10, True), refused.err
    assert cloud.imgkit("download", "oss://evidence/cold/", "--restore").code == 0
    assert (cloud.folder / "k").read_bytes() == CONTENT
