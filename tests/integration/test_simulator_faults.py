"""Every fault of the loopback cloud, as a plain HTTP client meets it."""

import http.client
import time
from typing import Any

import oss2
import pytest
import requests
import urllib3

from imgkit.simulator import Fault, FaultKind, Simulator

KEY = "object"
DATA = bytes(range(256)) * 400
CUT = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError, urllib3.exceptions.HTTPError)


@pytest.fixture
def cloud(tmp_path):
    with Simulator(tmp_path) as simulator:
        simulator.put_object(KEY, DATA)
        yield simulator
        assert simulator.bugs == ()


def url(cloud: Simulator, key: str = KEY) -> str:
    words = cloud.describe()
    auth = oss2.AuthV4(words["access_key_id"], words["access_key_secret"])
    files = oss2.Bucket(auth, cloud.url, "evidence", region=words["region_id"])
    return str(files.sign_url("GET", key, 600, slash_safe=True))


def get(cloud: Simulator, *faults: Fault, **headers: str) -> Any:
    cloud.add_faults(*faults)
    return requests.get(url(cloud), headers=headers, timeout=30)


def received(cloud: Simulator, *faults: Fault, **headers: str) -> bytes:
    """Return what arrives before the connection ends."""
    cloud.add_faults(*faults)
    answer = requests.get(url(cloud), headers=headers, timeout=30, stream=True)
    pieces: list[bytes] = []
    with pytest.raises(CUT):
        pieces.extend(answer.iter_content(100))
    return b"".join(pieces)


def test_nothing_is_wrong_without_a_fault(cloud):
    assert get(cloud).content == DATA


def test_an_object_goes_out_by_the_kernel_where_nothing_is_wrong(cloud, monkeypatch):
    monkeypatch.setattr("imgkit.simulator.server.body_pieces", None)  # the way through this process
    assert get(cloud, Range="bytes=5-").content == DATA[5:]


def test_a_body_is_cut_after_some_bytes(cloud):
    assert received(cloud, Fault(FaultKind.CUT, after_bytes=5000)) == DATA[:5000]


def test_a_body_is_cut_at_once(cloud):
    assert received(cloud, Fault(FaultKind.CUT)) == b""


def test_a_fault_strikes_as_often_as_it_says(cloud):
    fault = Fault(FaultKind.ERROR, code="ServiceUnavailable", skip=1, times=2)
    assert [get(cloud, fault).status_code, *(get(cloud).status_code for _ in range(3))] == [200, 503, 503, 200]


def test_a_fault_strikes_one_range_only(cloud):
    cloud.add_faults(Fault(FaultKind.CUT, range_start=500, times=None))
    assert get(cloud, Range="bytes=0-499").content == DATA[:500]
    assert received(cloud, Range="bytes=500-999") == b""


def test_a_stall_makes_a_client_wait(cloud):
    started = time.monotonic()
    assert get(cloud, Fault(FaultKind.STALL, after_bytes=100, seconds=0.3)).content == DATA
    assert time.monotonic() - started >= 0.3


def test_a_slow_link_is_slow(cloud):
    started = time.monotonic()
    assert get(cloud, Fault(FaultKind.SLOW, bytes_per_second=len(DATA) * 2.5)).content == DATA
    assert time.monotonic() - started >= 0.3


def test_a_range_is_answered_with_the_whole_object(cloud):
    answer = get(cloud, Fault(FaultKind.WHOLE), Range="bytes=10-19")
    assert (answer.status_code, answer.content, "Content-Range" in answer.headers) == (200, DATA, False)


def test_wrong_bytes_have_the_right_length(cloud):
    content = get(cloud, Fault(FaultKind.WRONG_BYTES, after_bytes=70_000, count=3)).content
    wrong = [place for place, (got, right) in enumerate(zip(content, DATA, strict=True)) if got != right]
    assert wrong == [70_000, 70_001, 70_002]


def test_an_object_is_replaced_before_a_request(cloud):
    etag = get(cloud).headers["ETag"]
    answer = get(cloud, Fault(FaultKind.REPLACE), **{"If-Match": etag})
    assert answer.status_code == 412
    assert len(cloud.read_object(KEY)) == len(DATA)


def test_an_object_is_replaced_while_it_is_read(cloud):
    answer = get(cloud, Fault(FaultKind.REPLACE_AFTER))
    assert answer.content == DATA
    assert cloud.read_object(KEY) == bytes(255 - byte for byte in DATA)


def test_the_crc_is_missing_or_wrong(cloud):
    right = get(cloud).headers["x-oss-hash-crc64ecma"]
    assert "x-oss-hash-crc64ecma" not in get(cloud, Fault(FaultKind.CRC_MISSING)).headers
    assert get(cloud, Fault(FaultKind.CRC_WRONG)).headers["x-oss-hash-crc64ecma"] not in ("", right)


def test_any_header_can_lie(cloud):
    fault = Fault(FaultKind.HEADER, name="ETag", value='"another"')
    assert get(cloud, fault).headers["ETag"] == '"another"'


def test_an_object_turns_cold(cloud):
    assert get(cloud, Fault(FaultKind.ARCHIVE, value="ColdArchive")).status_code == 403
    assert cloud.find_object(KEY).storage_class == "ColdArchive"


def test_a_connection_is_dropped(cloud):
    with pytest.raises(requests.exceptions.ConnectionError):
        get(cloud, Fault(FaultKind.DROP_BEFORE))
    with pytest.raises(requests.exceptions.ConnectionError):
        get(cloud, Fault(FaultKind.DROP_AFTER))
    assert [one.status for one in cloud.requests] == [0, 0]


def test_a_proxy_s_page_is_html(cloud):
    answer = get(cloud, Fault(FaultKind.HTML, status=502))
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_an_answer_begins_late(cloud):
    started = time.monotonic()
    get(cloud, Fault(FaultKind.DELAY, seconds=0.2))
    assert time.monotonic() - started >= 0.2


def test_a_traffic_limit_is_kept(cloud):
    cloud.put_object(KEY, bytes(40_000))
    words = cloud.describe()
    auth = oss2.AuthV4(words["access_key_id"], words["access_key_secret"])
    files = oss2.Bucket(auth, cloud.url, "evidence", region=words["region_id"])
    started = time.monotonic()
    files.get_object(KEY, headers={"x-oss-traffic-limit": "819200"}).read()
    assert time.monotonic() - started >= 0.3
    with pytest.raises(oss2.exceptions.OssError) as caught:
        files.get_object(KEY, headers={"x-oss-traffic-limit": "1"})
    assert caught.value.ec == "0004-00000502"


def test_the_log_says_what_went_out(cloud):
    get(cloud, Range="bytes=0-9")
    with pytest.raises(CUT):
        get(cloud, Fault(FaultKind.CUT, after_bytes=1234))
    deadline = time.monotonic() + 60
    while not all(one.bytes_sent for one in cloud.requests) and time.monotonic() < deadline:
        time.sleep(0.01)
    told = [(one.action, one.key, one.range, one.status, one.bytes_sent, one.faults) for one in cloud.requests]
    assert told == [
        ("GetObject", KEY, "bytes=0-9", 206, 10, ()),
        ("GetObject", KEY, "", 200, 1234, ("cut",)),
    ]


def test_a_stalled_answer_does_not_keep_the_cloud_from_stopping(tmp_path):
    with Simulator(tmp_path) as cloud:
        cloud.put_object(KEY, DATA)
        cloud.add_faults(Fault(FaultKind.STALL, seconds=600))
        connection = http.client.HTTPConnection("127.0.0.1", int(cloud.url.rpartition(":")[2]), timeout=30)
        connection.request("GET", url(cloud).removeprefix(cloud.url))
        connection.getresponse()
        started = time.monotonic()
    connection.close()
    assert time.monotonic() - started < 60
