"""Signatures V1 of OSS, against what the vendor's Python SDK v2 signs at that moment."""

from tests.unit.simulator.requests_at_rest import request

from imgkit.simulator.oss_places import Place
from imgkit.simulator.oss_v1 import sign, string_to_sign

PLACE = Place(bucket="evidence", key="dir/a b")
HEADERS = {"x-oss-range-behavior": "standard", "content-type": "text/plain", "range": "bytes=0-1"}


def test_a_header_is_signed_as_the_vendor_signs_it():
    asked = request(target="/evidence/dir/a%20b?versionId=v1&x=%2F", headers=HEADERS)
    assert sign("sk", string_to_sign(asked, PLACE, "Sun, 22 Nov 2026 18:00:00 GMT")) == "gNIK4e4h3AN+Y35LC20SNF7Oe98="


def test_a_url_is_signed_as_the_vendor_signs_it():
    target = "/evidence/dir/a%20b?versionId=v1&x=%2F&OSSAccessKeyId=ak&Expires=1795370460&security-token=token"
    asked = request(target=target, headers=HEADERS)
    assert sign("sk", string_to_sign(asked, PLACE, "1795370460")) == "MXbF5VqnehktGhqnOaAIi3m462U="


def test_parameters_of_a_listing_are_not_signed_but_its_token_is():
    asked = request(target="/evidence/?list-type=2&prefix=a&continuation-token=t")
    text = string_to_sign(asked, Place(bucket="evidence"), "date")
    assert text.splitlines()[-1] == "/evidence/?continuation-token=t"
