"""From a request to an answer of OSS."""

import pytest
from tests.unit.simulator.requests_at_rest import request, small_cloud

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud import Cloud
from imgkit.simulator.messages import Response
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_places import read_place
from imgkit.simulator.oss_service import OssService
from imgkit.simulator.oss_v1 import sign, string_to_sign

DATE = "Sun, 22 Nov 2026 18:00:00 GMT"


@pytest.fixture
def cloud(tmp_path):
    return small_cloud(tmp_path)


def ask(cloud: Cloud, method: str, target: str, body: bytes = b"") -> tuple[Response, str]:
    unsigned = request(method, target)
    signature = sign(cloud.settings.access_key_secret, string_to_sign(unsigned, read_place(unsigned), DATE))
    headers = {"date": DATE, "authorization": f"OSS {cloud.settings.access_key_id}:{signature}"}
    return OssService(cloud).handle(request(method, target, headers, body))


def test_an_answer_is_marked_and_says_how_it_was_signed(cloud):
    response, signature = ask(cloud, "PUT", "/evidence/key", b"data")
    assert (response.status, signature) == (200, "v1")
    assert len(response.header("x-oss-request-id")) == 24
    assert response.header("x-oss-server-time")


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/unknown-bucket/key", 404, b"NoSuchBucket"),
        ("GET", "/evidence/absent", 404, b"NoSuchKey"),
        ("GET", "/evidence?lifecycle", 501, b"NotImplemented"),
        ("PATCH", "/evidence/key", 501, b"NotImplemented"),
    ],
)
def test_what_cannot_be_answered_is_refused(cloud, method, target, status, code):
    response, _ = ask(cloud, method, target)
    assert (response.status, code in response.body) == (status, True)


def test_nobody_is_let_in_unsigned(cloud):
    response, signature = OssService(cloud).handle(request(target="/evidence/key"))
    assert (response.status, signature, b"AccessDenied" in response.body) == (403, "", True)


def test_signatures_v1_can_be_switched_off(tmp_path):
    response, _ = ask(small_cloud(tmp_path, refuse_v1=True), "GET", "/evidence/key")
    assert response.status == 400


def test_a_demanded_refusal_looks_like_any_other(cloud):
    response = OssService(cloud).refuse(request(), OssError("ServiceUnavailable"))
    assert (response.status, bool(response.header("x-oss-request-id"))) == (503, True)


def test_every_bucket_is_listed(cloud):
    cloud.put_bucket(CloudBucket(name="another"))
    response, _ = ask(cloud, "GET", "/")
    assert b"<Name>another</Name>" in response.body
