"""Tests of aliyun/sts.py."""

from collections.abc import Mapping
from typing import Any

import pytest

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.ecs_transport import NoAnswer, Refused
from imgkit.aliyun.endpoints import Endpoint
from imgkit.aliyun.explain import Refusal
from imgkit.aliyun.sts import ask_caller, sts_endpoint
from imgkit.errors import SettingsError
from imgkit.model.manifest import CallerRecord

KEYS = FixedCredentials("a test", Keys("key-id", "secret", ""))
HERE = Endpoint(scheme="https", host="sts.example")


class Transport:
    """Answers with this, or raises it."""

    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self.answer = answer
        self.sent: list[str] = []

    def send(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        assert not parameters
        self.sent.append(action)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        raise AssertionError("the session is shared")


def _ask(answer: Mapping[str, Any] | Exception) -> CallerRecord:
    transport = Transport(answer)
    caller = ask_caller(region_id="cn-hangzhou", credentials=KEYS, endpoint=HERE, transport=transport)
    assert transport.sent == ["GetCallerIdentity"]
    return caller


def test_account_name_and_request_are_taken_from_the_answer():
    answer = {
        "AccountId": 1234567890123456,
        "UserId": "u",
        "Arn": "acs:ram::1:user/x",
        "IdentityType": "RAMUser",
        "RequestId": "r",
    }
    assert _ask(answer) == CallerRecord(
        account_id="1234567890123456", user_id="u", arn="acs:ram::1:user/x", identity_type="RAMUser", request_id="r"
    )


def test_a_role_has_an_id_of_its_own():
    assert _ask({"AccountId": "1", "RoleId": "role"}).user_id == "role"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NoAnswer("timed out", sent=True), "no answer: timed out"),
        (Refused(Refusal(code="Forbidden", status=403, message="no", request_id="r", action="")), "refused: Forbidden"),
        (SettingsError("there are no credentials"), "there are no credentials"),
        ({"RequestId": "r"}, "names no account"),
    ],
)
def test_why_it_is_not_known_is_said_and_nothing_is_raised(answer: Any, words: str):
    found = _ask(answer)
    assert found.account_id == ""
    assert words in found.undetermined


def test_the_endpoint_is_the_regions_or_the_internal_one_or_what_was_said():
    assert sts_endpoint("cn-hangzhou") == Endpoint(scheme="https", host="sts.cn-hangzhou.aliyuncs.com")
    assert sts_endpoint("cn-hangzhou", internal=True) == Endpoint(
        scheme="https", host="sts-vpc.cn-hangzhou.aliyuncs.com"
    )
    assert sts_endpoint("cn-hangzhou", explicit="sts.my.domain") == Endpoint(scheme="https", host="sts.my.domain")


def test_what_is_on_loopback_is_not_told_to_the_network():
    ours = sts_endpoint("cn-hangzhou", ecs="127.0.0.1:4000", oss="http://127.0.0.1:4000")
    assert ours == Endpoint(scheme="http", host="127.0.0.1", port=4000)
    assert sts_endpoint("cn-hangzhou", oss="http://127.0.0.1:4000") is None
