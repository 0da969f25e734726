"""Signatures ACS3-HMAC-SHA256, against what the vendor's SDK for ECS signs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request

from imgkit.simulator.acs3 import NonceMemory, authenticate
from imgkit.simulator.ecs_errors import EcsError
from imgkit.simulator.keyring import AccessKey, Keyring

NAMES = "accept;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
SIGNATURE = "c9849f2c876cd8db531d9c7b13ae89da2c0dedca5d068f5e40927b0fd243770e"
HEADERS = {
    "host": "127.0.0.1:1",
    "x-acs-version": "2014-05-26",
    "x-acs-action": "DescribeImages",
    "x-acs-date": "2026-11-22T18:00:00Z",
    "x-acs-signature-nonce": "nonce",
    "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "accept": "application/json",
    "authorization": f"ACS3-HMAC-SHA256 Credential=ak,SignedHeaders={NAMES},Signature={SIGNATURE}",
}
TARGET = "/?RegionId=cn-hangzhou&ImageName=a+b%2F%2A~"
KEY = AccessKey(key_id="ak", secret="sk")
TEMPORARY = AccessKey(key_id="ak", secret="sk", token="token", expires=NOW + timedelta(hours=1))


def let_in(
    *,
    key: AccessKey = KEY,
    now: datetime = NOW,
    target: str = TARGET,
    body: bytes = b"",
    nonces: NonceMemory | None = None,
    **changes: str,
) -> AccessKey:
    headers = {name: value for name, value in {**HEADERS, **changes}.items() if value}
    asked = request("POST", target, headers)
    return authenticate(asked, body, keyring=Keyring(key), nonces=nonces or NonceMemory(), now=now)


def refusal(**words: Any) -> str:
    with pytest.raises(EcsError) as caught:
        let_in(**words)
    return caught.value.code


def test_what_the_vendor_signs_is_let_in():
    assert let_in() == KEY


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"key": AccessKey(key_id="ak", secret="other")}, "SignatureDoesNotMatch"),
        ({"target": "/?RegionId=cn-beijing"}, "SignatureDoesNotMatch"),
        ({"host": "elsewhere"}, "SignatureDoesNotMatch"),
        ({"body": b"x"}, "SignatureDoesNotMatch"),
        ({"key": AccessKey(key_id="other", secret="sk")}, "InvalidAccessKeyId.NotFound"),
        ({"key": TEMPORARY}, "MissingSecurityToken"),
        ({"key": TEMPORARY, "x-acs-security-token": "wrong"}, "InvalidSecurityToken.MismatchWithAccessKey"),
        ({"x-acs-security-token": "token"}, "InvalidSecurityToken.MismatchWithAccessKey"),
        (
            {"key": TEMPORARY, "x-acs-security-token": "token", "now": NOW + timedelta(hours=1)},
            "InvalidSecurityToken.Expired",
        ),
        ({"now": NOW + timedelta(minutes=16)}, "InvalidTimeStamp.Expired"),
        ({"now": NOW - timedelta(minutes=16)}, "InvalidTimeStamp.Expired"),
        ({"x-acs-date": "yesterday"}, "InvalidTimeStamp.Format"),
        ({"authorization": ""}, "IncompleteSignature"),
        ({"authorization": "ACS3-HMAC-SHA256 Credential=ak"}, "IncompleteSignature"),
        ({"x-acs-credentials-provider": "not signed"}, "IncompleteSignature"),
    ],
)
def test_anything_else_is_refused_with_its_code(words, code):
    assert refusal(**words) == code


def test_a_nonce_counts_once():
    nonces = NonceMemory()
    let_in(nonces=nonces)
    assert refusal(nonces=nonces) == "SignatureNonceUsed"


def test_a_refused_request_does_not_use_its_nonce_up():
    nonces = NonceMemory()
    refusal(nonces=nonces, host="elsewhere")
    assert let_in(nonces=nonces) == KEY


def test_nonces_are_forgotten_after_a_while():
    nonces = NonceMemory()
    assert nonces.is_new("a", NOW)
    assert nonces.is_new("b", NOW + timedelta(hours=1))
    assert nonces.is_new("a", NOW + timedelta(hours=1))
