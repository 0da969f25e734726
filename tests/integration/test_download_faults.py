"""Downloads through real oss2 from a loopback OSS that misbehaves."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.endpoints import oss_endpoint
from imgkit.aliyun.oss import OssStore, open_bucket
from imgkit.digests import crc64
from imgkit.errors import (
    CloudError,
    Differs,
    NoSuchBucketOrObject,
    ObjectChanged,
    RetriesExhausted,
)
from imgkit.model.download import DownloadedObject
from imgkit.simulator import Fault, FaultKind, Simulator
from imgkit.stages.download import NO_CRC_NOTE, download_object
from imgkit.transfer.places import Places
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

KEY = "exports/m-1_system.raw.tar.gz"
PART = 128 * KiB
CONTENT = random.Random(8).randbytes(8 * PART + 333)
SETTINGS = TransferSettings(
    jobs=3, part_bytes=PART, attempts=6, first_delay_seconds=0.01, longest_delay_seconds=0.05, stall_seconds=0.4
)
PATIENT = replace(SETTINGS, stall_seconds=60.0)  # where requests are counted, and none of them is late on purpose
Download = Callable[..., DownloadedObject]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Simulator]:
    (tmp_path / "cloud").mkdir()
    with Simulator(tmp_path / "cloud") as simulator:
        simulator.put_object(KEY, CONTENT, multipart=True)
        yield simulator
        assert simulator.bugs == ()


@pytest.fixture
def store(cloud: Simulator) -> Iterator[OssStore]:
    words = cloud.describe()
    opened = open_bucket(
        words["bucket"],
        region_id=words["region_id"],
        credentials=FixedCredentials("test", Keys(words["access_key_id"], words["access_key_secret"], "")),
        endpoint=oss_endpoint(words["region_id"], explicit=words["oss_endpoint"]),
    )
    yield opened
    opened.close()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(target=tmp_path / "set" / "objects" / "disk.gz", workspace=tmp_path / "set" / ".imgkit")


@pytest.fixture
def download(store: OssStore, places: Places) -> Download:
    def do(settings: TransferSettings = SETTINGS) -> DownloadedObject:
        return download_object(store.source(KEY), places.target, workspace=places.workspace, settings=settings)

    return do


def ranges_of(cloud: Simulator) -> int:
    return sum(one.action == "GetObject" for one in cloud.requests)


@pytest.mark.parametrize(
    ("fault", "extra_requests"),
    [
        (Fault(FaultKind.ERROR, action="GetObject", code="ServiceUnavailable", times=5), 5),
        (Fault(FaultKind.ERROR, action="GetObject", code="DownloadTrafficRateLimitExceeded", times=4), 4),
        (Fault(FaultKind.ERROR, action="HeadObject", code="InternalError", times=3), 0),
        (Fault(FaultKind.HTML, action="GetObject", times=2), 2),
        (Fault(FaultKind.CUT, action="GetObject", after_bytes=15_000, times=6), 6),
        (Fault(FaultKind.CUT, action="GetObject", range_covers=4 * PART - 1, after_bytes=1000, times=20), 20),
        (Fault(FaultKind.CUT, action="GetObject", after_bytes=0, times=4), 4),
        (Fault(FaultKind.STALL, action="GetObject", after_bytes=10_000, seconds=1.5, times=2), 2),
        (Fault(FaultKind.STALL, action="GetObject", after_bytes=0, seconds=1.5, times=2), 2),
        (Fault(FaultKind.WHOLE, action="GetObject", times=4), 4),
        (Fault(FaultKind.DROP_BEFORE, action="GetObject", times=4), 4),
        (Fault(FaultKind.SLOW, action="GetObject", bytes_per_second=400_000, times=None), 0),
        (Fault(FaultKind.HEADER, action="GetObject", name="Content-Range", value="bytes 0-9/10", times=3), 3),
    ],
    ids=lambda value: f"{value.kind}-{value.code}{value.after_bytes}" if isinstance(value, Fault) else "",
)
def test_the_object_comes_through_whole_whatever_the_network_does(
    cloud: Simulator, download: Download, places: Places, fault: Fault, extra_requests: int
) -> None:
    cloud.add_faults(fault)
    done = download(SETTINGS if fault.kind is FaultKind.STALL else PATIENT)
    assert places.target.read_bytes() == CONTENT
    assert (done.crc64, done.crc_proven) == (crc64(CONTENT), True)
    assert ranges_of(cloud) == 9 + extra_requests
    assert done.fetched_bytes == len(CONTENT)


def test_a_service_that_stays_away_is_given_up_and_gone_on_with_later(
    cloud: Simulator, download: Download, places: Places
) -> None:
    cloud.add_faults(Fault(FaultKind.ERROR, action="GetObject", code="ServiceUnavailable", skip=5, times=None))
    with pytest.raises(RetriesExhausted, match=r"bytes \d+-\d+ of oss://.*OSS asks for fewer"):
        download(PATIENT)
    assert not places.target.exists()
    cloud.clear_faults()
    cloud.clear_requests()
    done = download(PATIENT)
    assert places.target.read_bytes() == CONTENT
    assert (ranges_of(cloud), done.reused_bytes) == (4, 5 * PART)


def test_wrong_bytes_of_the_right_length_are_found_out(cloud: Simulator, download: Download, places: Places) -> None:
    cloud.add_faults(Fault(FaultKind.WRONG_BYTES, action="GetObject", range_start=2 * PART, after_bytes=77))
    with pytest.raises(Differs, match="wrong bytes were sent"):
        download()
    assert not places.target.exists()
    download()
    assert places.target.read_bytes() == CONTENT


@pytest.mark.parametrize("kind", [FaultKind.REPLACE, FaultKind.REPLACE_AFTER])
def test_an_object_replaced_in_mid_download_is_never_mixed(
    cloud: Simulator, download: Download, places: Places, kind: FaultKind
) -> None:
    cloud.add_faults(Fault(kind, action="GetObject", skip=3))
    with pytest.raises(ObjectChanged):
        download(replace(SETTINGS, jobs=1))
    with pytest.raises(ObjectChanged) as raised:
        download()
    assert str(places.journal) in raised.value.hint
    places.forget_unfinished()
    download()
    assert places.target.read_bytes() == cloud.read_object(KEY) != CONTENT


def test_a_missing_crc_is_said(cloud: Simulator, download: Download, places: Places) -> None:
    cloud.add_faults(Fault(FaultKind.CRC_MISSING, times=None))
    done = download()
    assert places.target.read_bytes() == CONTENT
    assert (done.crc_proven, done.notes) == (False, (NO_CRC_NOTE,))


def test_a_wrong_crc_keeps_the_file_from_its_name(cloud: Simulator, download: Download, places: Places) -> None:
    cloud.add_faults(Fault(FaultKind.CRC_WRONG, times=None))
    with pytest.raises(Differs, match="or a wrong CRC"):
        download()
    assert not places.target.exists()


def test_a_frozen_object_is_refused_without_retries(cloud: Simulator, download: Download) -> None:
    cloud.add_faults(Fault(FaultKind.ARCHIVE, action="HeadObject"))
    with pytest.raises(CloudError):
        download()
    assert ranges_of(cloud) <= (SETTINGS.jobs or 0)


def test_an_object_that_is_not_there_leaves_nothing_behind(
    cloud: Simulator, download: Download, places: Places
) -> None:
    cloud.delete_object(KEY)
    with pytest.raises(NoSuchBucketOrObject):
        download()
    assert not places.target.exists()
    assert not places.partial.exists()


def test_an_answer_that_is_late_is_asked_for_again(cloud: Simulator, download: Download, places: Places) -> None:
    cloud.add_faults(Fault(FaultKind.DELAY, action="GetObject", seconds=60.0))
    begun = time.monotonic()
    download()
    assert places.target.read_bytes() == CONTENT
    assert time.monotonic() - begun < 60.0


def test_when_the_service_asks_for_less_fewer_ranges_are_open_at_once(
    cloud: Simulator, download: Download, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "imgkit.transfer")
    cloud.add_faults(Fault(FaultKind.ERROR, action="GetObject", code="ServiceUnavailable", times=3))
    download()
    assert "the service asked for less: 1 ranges at once" in caplog.text
