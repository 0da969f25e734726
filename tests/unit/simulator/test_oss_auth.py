"""Who is let into OSS, and with which code anybody else is refused."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request

from imgkit.simulator import oss_v1, oss_v4
from imgkit.simulator.keyring import AccessKey, Keyring
from imgkit.simulator.messages import Request
from imgkit.simulator.oss_auth import Gate, authenticate
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_places import Place

PLACE = Place(bucket="evidence", key="key")
KEY = AccessKey(key_id="ak", secret="sk")
TEMPORARY = AccessKey(key_id="sts", secret="sk", token="token", expires=NOW + timedelta(hours=1))


def gate(**changes: Any) -> Gate:
    known: dict[str, Any] = {
        "keyring": Keyring(KEY, TEMPORARY),
        "now": NOW,
        "region": "cn-hangzhou",
        "home_region": "cn-hangzhou",
    }
    return Gate(**{**known, **changes})


def v4(
    *,
    key: AccessKey = KEY,
    region: str = "cn-hangzhou",
    product: str = "oss",
    day: str = "20261122",
    signed: str = "20261122T180000Z",
    token: str = "",
) -> Request:
    token = token or key.token
    headers = {"x-oss-date": signed, **({"x-oss-security-token": token} if token else {})}
    scope = f"{key.key_id}/{day}/{region}/{product}/aliyun_v4_request"

    def asked(signature: str) -> Request:
        words = f"OSS4-HMAC-SHA256 Credential={scope}, Signature={signature}"
        return request(target="/evidence/key", headers={**headers, "authorization": words})

    claim = oss_v4.read_header(asked("x"))
    assert claim is not None
    text = oss_v4.string_to_sign(claim, oss_v4.canonical_request(asked("x"), PLACE, ()))
    return asked(oss_v4.sign(key.secret, claim, text))


def v4_url(*, expires: str = "60", signed: str = "20261122T180000Z", method: str = "GET", more: str = "") -> Request:
    words = (
        f"x-oss-credential=ak%2F20261122%2Fcn-hangzhou%2Foss%2Faliyun_v4_request&x-oss-date={signed}"
        f"&x-oss-expires={expires}&x-oss-signature-version=OSS4-HMAC-SHA256"
    )
    unsigned = request("GET", f"/evidence/key?{words}&x-oss-signature=x")
    claim = oss_v4.read_url(unsigned)
    assert claim is not None
    text = oss_v4.string_to_sign(claim, oss_v4.canonical_request(unsigned, PLACE, ()))
    target = f"/evidence/key?{words}&x-oss-signature={oss_v4.sign('sk', claim, text)}{more}"
    return request(method, target)


def v1(*, secret: str = "sk", date: str = "Sun, 22 Nov 2026 18:00:00 GMT") -> Request:
    text = oss_v1.string_to_sign(request(), PLACE, date)
    words = f"OSS ak:{oss_v1.sign(secret, text)}"
    return request(target="/evidence/key", headers={"date": date, "authorization": words})


def v1_url(*, expires: str = "1795370460") -> Request:
    signature = oss_v1.sign("sk", oss_v1.string_to_sign(request(), PLACE, expires)).replace("+", "%2B")
    return request(target=f"/evidence/key?OSSAccessKeyId=ak&Expires={expires}&Signature={signature}")


def refusal(asked: Request, **changes: Any) -> OssError:
    with pytest.raises(OssError) as caught:
        authenticate(asked, PLACE, gate(**changes))
    return caught.value


@pytest.mark.parametrize(
    ("asked", "kind"),
    [(v4(), "v4"), (v4(key=TEMPORARY), "v4"), (v4_url(), "url-v4"), (v1(), "v1"), (v1_url(), "url-v1")],
)
def test_four_kinds_of_signatures_are_let_in(asked, kind):
    assert authenticate(asked, PLACE, gate()).signature == kind


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (v4(key=AccessKey(key_id="ak", secret="wrong")), "SignatureDoesNotMatch"),
        (v1(secret="wrong"), "SignatureDoesNotMatch"),
        (v4_url(method="HEAD"), "SignatureDoesNotMatch"),
        (v4_url(more="&versionId=1"), "SignatureDoesNotMatch"),
        (v4(key=AccessKey(key_id="other", secret="sk")), "InvalidAccessKeyId"),
        (v4(token="token"), "InvalidAccessKeyId"),
        (v4(key=TEMPORARY, token="other"), "InvalidSecurityToken"),
        (v4(region="oss-cn-hangzhou"), "InvalidArgument"),
        (v4(product="ecs"), "InvalidArgument"),
        (v4(day="20261121"), "InvalidArgument"),
        (v4(signed="now", day="now"), "AccessDenied"),
        (v4_url(expires="604801"), "InvalidArgument"),
        (v4_url(expires="0"), "InvalidArgument"),
        (v1_url(expires="soon"), "AccessDenied"),
        (v1(date="never"), "AccessDenied"),
        (request(target="/evidence/key"), "AccessDenied"),
        (request(headers={"authorization": "Basic eDp5"}), "InvalidArgument"),
        (request(headers={"authorization": "OSS4-HMAC-SHA256 nothing"}), "InvalidArgument"),
    ],
)
def test_anything_else_is_refused_with_its_code(asked, code):
    assert refusal(asked).code == code


@pytest.mark.parametrize("asked", [v4(), v1()])
def test_a_clock_may_be_wrong_by_a_quarter_of_an_hour(asked):
    assert authenticate(asked, PLACE, gate(now=NOW + timedelta(minutes=15)))
    error = refusal(asked, now=NOW + timedelta(minutes=15, seconds=1))
    assert (error.code, error.extra["ServerTime"]) == ("RequestTimeTooSkewed", "2026-11-22T18:15:01.000Z")


@pytest.mark.parametrize("asked", [v4_url(), v1_url()])
def test_a_url_ends_when_it_says(asked):
    assert authenticate(asked, PLACE, gate(now=NOW + timedelta(seconds=60)))
    assert refusal(asked, now=NOW + timedelta(seconds=61)).message == "Request has expired."


def test_a_temporary_key_ends():
    assert refusal(v4(key=TEMPORARY, signed="20261122T190000Z"), now=NOW + timedelta(hours=1)).code == (
        "SecurityTokenExpired"
    )


def test_a_bucket_of_another_region_is_reached_with_its_own_region_only():
    assert authenticate(v4(region="cn-beijing"), PLACE, gate(region="cn-beijing"))
    error = refusal(v4(), region="cn-beijing")
    assert (error.code, error.extra) == ("AccessDenied", {"Endpoint": "oss-cn-beijing.aliyuncs.com"})


def test_without_a_bucket_any_region_signs():
    assert authenticate(v4(region="cn-beijing"), PLACE, gate(region=""))
    assert refusal(v4(region="mars"), region="").code == "InvalidArgument"


def test_v1_can_be_refused():
    assert refusal(v1(), refuse_v1=True).status == 400
    assert authenticate(v4(), PLACE, gate(refuse_v1=True))
