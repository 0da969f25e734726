"""Tests of cli/redaction.py."""

import logging

import pytest

from imgkit.cli.redaction import Redaction, harmless, redact

SECRET = "aB3d/eF+gh="


@pytest.mark.parametrize(
    "words",
    [
        f"https://b.example/k?OSSAccessKeyId={SECRET}&Expires=1",
        f"https://b.example/k?Expires=1&Signature={SECRET}",
        f"https://b.example/k?x-oss-signature={SECRET}&x-oss-date=1",
        f"https://b.example/k?x-oss-security-token={SECRET}",
        f"https://b.example/k?x-oss-credential={SECRET}",
        f"Authorization: OSS LTAI5t:{SECRET}",
        f"authorization: Bearer {SECRET}",
        f"{{'Authorization': 'OSS4-HMAC-SHA256 Credential=LTAI/2026,AdditionalHeaders=h,Signature={SECRET}'}}",
        f"x-acs-security-token: {SECRET}",
        f"ALIBABA_CLOUD_ACCESS_KEY_SECRET={SECRET}",
        f"ALIBABA_CLOUD_SECURITY_TOKEN={SECRET}",
        f"OSS_SESSION_TOKEN={SECRET}",
        f'{{"AccessKeySecret": "{SECRET}", "SecurityToken": "{SECRET}"}}',
        f"access_key_secret='{SECRET}'",
        "https://someone:aB3d%2FeF@proxy.example:3128",
    ],
)
def test_whatever_signs_or_authorises_is_masked(words):
    masked = redact(words)
    assert "aB3d" not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "words",
    [
        "GET https://b.oss-cn-hangzhou.aliyuncs.com/m-1_system.raw.tar.gz",
        "SignatureDoesNotMatch, request 5F1E",
        "qemu-img convert -f raw -O qcow2 a.raw b.qcow2",
        "signatures held, credentials from the environment",
    ],
)
def test_all_other_words_stay(words):
    assert redact(words) == words


def test_what_stands_around_a_secret_stays():
    assert redact(f"?Expires=1&Signature={SECRET}&part=2") == "?Expires=1&Signature=***&part=2"


def test_words_of_several_lines_stay_several_lines_and_lose_their_escapes():
    assert harmless("one\ntwo\x1b[2J") == "one\ntwo\\x1b[2J"


def test_log_records_are_masked_with_their_arguments_and_tracebacks():
    error = ValueError(f"Signature={SECRET}")
    told = (type(error), error, None)
    record = logging.LogRecord("imgkit", logging.ERROR, "f", 1, "to %s", (f"Signature={SECRET}",), told)
    assert Redaction().filter(record)
    shown = logging.Formatter().format(record)
    assert SECRET not in shown
    assert "ValueError" in shown
    assert "to Signature=***" in shown
