"""Signatures V4 of OSS, against what the vendor's Python SDK v2 signs at that moment."""

from urllib.parse import quote

import pytest
from tests.unit.simulator.requests_at_rest import request

from imgkit.simulator.messages import Request
from imgkit.simulator.oss_places import Place
from imgkit.simulator.oss_v4 import canonical_request, read_header, read_url, sign, string_to_sign

PLACE = Place(bucket="evidence", key="dir/a b")
TARGET = "/evidence/dir%2Fa%20b?versionId=v1&x=%2F"
HEADERS = {"x-oss-range-behavior": "standard", "content-type": "text/plain", "range": "bytes=0-1"}
SCOPE = "ak/20261122/cn-hangzhou/oss/aliyun_v4_request"
BY_HEADER = "a3f97ef304d1230b5b18f8236c37f3d68c8f040915657175031df600d8ec2c30"
BY_URL = "e02749dcf464ebc2161f08ef225ce5345bd704759dd7b70755572c19b5704aea"


def signed_by_header() -> Request:
    return request(
        target=TARGET,
        headers={
            **HEADERS,
            "x-oss-date": "20261122T180000Z",
            "x-oss-security-token": "token",
            "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
            "authorization": (f"OSS4-HMAC-SHA256 Credential={SCOPE},AdditionalHeaders=range,Signature={BY_HEADER}"),
        },
    )


def signed_by_url() -> Request:
    parameters = (
        "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=20261122T180000Z&x-oss-expires=60"
        f"&x-oss-credential={quote(SCOPE, safe='')}&x-oss-security-token=token&x-oss-additional-headers=range"
    )
    return request(target=f"{TARGET}&{parameters}&x-oss-signature={BY_URL}", headers=HEADERS)


def test_a_header_is_signed_as_the_vendor_signs_it():
    asked = signed_by_header()
    claim = read_header(asked)
    assert claim is not None
    assert (claim.key_id, claim.region, claim.additional) == ("ak", "cn-hangzhou", ("range",))
    assert sign("sk", claim, string_to_sign(claim, canonical_request(asked, PLACE, claim.additional))) == BY_HEADER


def test_a_url_is_signed_as_the_vendor_signs_it():
    asked = signed_by_url()
    claim = read_url(asked)
    assert claim is not None
    assert sign("sk", claim, string_to_sign(claim, canonical_request(asked, PLACE, claim.additional))) == BY_URL


def test_the_space_that_oss2_puts_before_the_signature_is_read_too():
    claim = read_header(request(headers={"authorization": f"OSS4-HMAC-SHA256 Credential={SCOPE}, Signature=abc"}))
    assert claim is not None
    assert (claim.signature, claim.additional) == ("abc", ())


@pytest.mark.parametrize("words", ["", "Credential=ak/1/2, Signature=a", f"Credential={SCOPE}"])
def test_half_a_header_is_none(words):
    assert read_header(request(headers={"authorization": f"OSS4-HMAC-SHA256 {words}"})) is None
