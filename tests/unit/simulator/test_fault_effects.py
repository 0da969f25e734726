"""What faults do before and after a request."""

import pytest
from tests.unit.simulator.requests_at_rest import request, small_cloud

from imgkit.simulator.fault_effects import apply_after, apply_before, expire_token, page
from imgkit.simulator.faults import Call, Fault, FaultKind
from imgkit.simulator.messages import ConnectionDropped, Delivery, Response

CALL = Call(service="oss", action="GetObject", method="GET", bucket="evidence", key="key")
ANSWER = Response(status=200, headers=(("ETag", '"a"'), ("X-OSS-Hash-CRC64ECMA", "7")), body=b"body")


@pytest.fixture
def cloud(tmp_path):
    return small_cloud(tmp_path)


def after(cloud, *faults: Fault) -> Response:
    return apply_after(faults, CALL, ANSWER, cloud)


def test_nothing_happens_without_faults(cloud):
    assert after(cloud) == ANSWER


def test_headers_vanish_or_lie(cloud):
    assert after(cloud, Fault(FaultKind.CRC_MISSING)).header("x-oss-hash-crc64ecma") == ""
    assert after(cloud, Fault(FaultKind.CRC_WRONG)).header("x-oss-hash-crc64ecma") == "6"
    assert after(cloud, Fault(FaultKind.HEADER, name="etag", value="b")).header("ETag") == "b"


def test_several_faults_shape_one_delivery(cloud):
    shaped = after(cloud, Fault(FaultKind.CUT, after_bytes=3), Fault(FaultKind.SLOW, bytes_per_second=9))
    assert shaped.delivery == Delivery(cut_after=3, bytes_per_second=9)


def test_an_answer_is_dropped(cloud):
    with pytest.raises(ConnectionDropped):
        after(cloud, Fault(FaultKind.DROP_AFTER))


def test_nothing_is_done_where_the_request_is_dropped(cloud):
    slept: list[float] = []
    faults = (Fault(FaultKind.DROP_BEFORE), Fault(FaultKind.DELAY, seconds=9))
    with pytest.raises(ConnectionDropped):
        apply_before(faults, CALL, request(), cloud, sleep=slept.append)
    assert slept == []


def test_a_delay_is_waited_for(cloud):
    slept: list[float] = []
    apply_before((Fault(FaultKind.DELAY, seconds=9),), CALL, request(), cloud, sleep=slept.append)
    assert slept == [9]


def test_a_proxy_s_page_is_no_xml_and_no_json():
    assert page(Fault(FaultKind.HTML)).status == 503
    assert page(Fault(FaultKind.HTML, status=200)).body.startswith(b"<html>")


@pytest.mark.parametrize(
    "asked",
    [
        lambda key: request(headers={"authorization": f"OSS4-HMAC-SHA256 Credential={key}/1/2/3/4, Signature=x"}),
        lambda key: request(headers={"authorization": f"OSS {key}:sig"}),
        lambda key: request(headers={"authorization": f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders=a"}),
        lambda key: request(target=f"/?OSSAccessKeyId={key}"),
        lambda key: request(target=f"/?x-oss-credential={key}%2F1%2F2"),
    ],
)
def test_the_key_of_a_request_is_found_wherever_it_stands(cloud, asked):
    key = cloud.keyring.issue(cloud.now())
    expire_token(asked(key.key_id), cloud)
    assert cloud.keyring.find(key.key_id).has_expired(cloud.now())
