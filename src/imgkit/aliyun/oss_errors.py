"""What OSS answered instead of the bytes: whether to ask again, and if not, which error of ours it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from oss2.exceptions import OssError, RequestError

from imgkit.aliyun.error_table import Meaning
from imgkit.aliyun.explain import Refusal, build_error, find_meaning, one_line
from imgkit.aliyun.http_range import http_moment
from imgkit.aliyun.network import describe_failure, is_untrusted
from imgkit.aliyun.oss_error_table import BROKEN, DENIED, OSS_CODES, OSS_STATUSES
from imgkit.aliyun.retrying import TryAgain
from imgkit.errors import CloudError, ImgkitError, NoSuchBucketOrObject, SettingsError
from imgkit.units import parse_utc

ALLOWED_SKEW = timedelta(minutes=15)  # "HTTP status code 403", RequestTimeTooSkewed
_TOKEN_CODES = frozenset({"InvalidSecurityToken", "SecurityTokenExpired", "AccessKeyIdAndSecurityTokenNotMatch"})
# "0003-00000702" and "0003-00000703" in the OSS documentation: x-oss-request-payer is missing in a URL, in a header.
_PAYER_DETAILS = frozenset({"0003-00000702", "0003-00000703"})
_PAYER_REMEDY = "Whoever reads this bucket pays for it. Add --requester-pays if your account shall."
_NETWORK_HINT = (
    "Check the network, the proxy (https_proxy, no_proxy) and, where a proxy reads along, its certificate (ca_bundle)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OssAnswer:
    """An answer that is no success, whoever sent the request: oss2 or a plain session with a presigned URL."""

    refusal: Refusal
    headers: Mapping[str, str]
    endpoint: str = ""  # where OSS says the bucket is to be addressed
    detail: str = ""  # the finer code that OSS calls EC
    server_time: datetime | None = None

    @property
    def is_about_token(self) -> bool:
        return self.refusal.code in _TOKEN_CODES

    @property
    def lacks_payer(self) -> bool:
        """Whoever reads the bucket pays, and the request did not say so."""
        return self.detail in _PAYER_DETAILS

    @property
    def says_expired(self) -> bool:
        """OSS says `Request has expired.` under the code AccessDenied."""
        return self.refusal.status == 403 and "expired" in self.refusal.message.lower()


def read_oss_error(error: OssError) -> OssAnswer:
    """Read an error that oss2 raised for an answer."""
    return read_answer(error.status, error.headers, error.details)


def read_answer(status: int, headers: Mapping[str, str], details: Mapping[str, str | None]) -> OssAnswer:
    """Read an error from its status, its headers and the elements of its XML."""
    refusal = Refusal(
        code=details.get("Code") or "",
        status=status,
        message=details.get("Message") or "",
        request_id=headers.get("x-oss-request-id", "") or details.get("RequestId") or "",
    )
    return OssAnswer(
        refusal=refusal,
        headers=headers,
        endpoint=details.get("Endpoint") or "",
        detail=details.get("EC") or headers.get("x-oss-ec", ""),
        server_time=_moment(details.get("ServerTime")) or http_moment(headers, "Date"),
    )


def explain_oss(answer: OssAnswer, *, doing: str, now: datetime) -> ImgkitError | TryAgain:
    """Return what to raise: TryAgain where asking again is sensible. `now` is this machine's clock."""
    refusal = answer.refusal
    meaning = find_meaning(refusal, OSS_CODES) or _by_status(refusal)
    skew = now - answer.server_time if answer.server_time else None
    if refusal.code == "RequestTimeTooSkewed" or _explains(skew, refusal):
        return build_error(refusal, _clock(skew), doing=doing)
    if meaning is not None and meaning.again:
        return TryAgain(
            meaning.cause,
            hint=meaning.remedy,
            code=refusal.code,
            request_id=refusal.request_id,
            throttled=refusal.status in {429, 503},
            retry_after_seconds=_retry_after(answer.headers),
        )
    if meaning is not None and meaning is DENIED:
        return build_error(refusal, _denied(answer), doing=doing)
    return build_error(refusal, meaning, doing=doing)


def explain_no_answer(error: Exception, *, doing: str) -> ImgkitError | TryAgain:
    """Return what to raise when the connection failed, or oss2 itself refused to send."""
    if isinstance(error, OssError) and not isinstance(error, RequestError):
        return SettingsError(f"Cannot {doing}: {one_line(str(error.body))}.")
    cause = error.exception if isinstance(error, RequestError) else error
    if is_untrusted(cause):
        return CloudError(f"Cannot {doing}: {describe_failure(cause)}.", hint=_NETWORK_HINT)
    return TryAgain(describe_failure(cause), hint=_NETWORK_HINT)


def describe_skew(skew: timedelta) -> str:
    """Say how far this machine's clock is off: `2 h 5 min ahead of`."""
    minutes = max(1, round(abs(skew).total_seconds() / 60))
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (rest, "min")) if count]
    return f"{' '.join(parts)} {'ahead of' if skew > timedelta() else 'behind'}"


def error_details(body: bytes) -> dict[str, str]:
    """Return the elements of an error's XML, without a parser: it is short, flat and not to be trusted."""
    text = body.decode("utf-8", "replace")
    if "<Error>" not in text:
        return {}
    return {name: _unescape(value) for name, value in re.findall(r"<(\w+)>([^<>]*)</\1>", text)}


def _by_status(refusal: Refusal) -> Meaning | None:
    if refusal.status in OSS_STATUSES and (not refusal.code or refusal.status == 429):
        return OSS_STATUSES[refusal.status]
    return BROKEN if refusal.status >= 500 else None


def _explains(skew: timedelta | None, refusal: Refusal) -> bool:
    """A HEAD answer has no code: a refusal together with a wrong clock is about the clock."""
    return not refusal.code and refusal.status == 403 and skew is not None and abs(skew) > ALLOWED_SKEW


def _clock(skew: timedelta | None) -> Meaning:
    known = OSS_CODES["RequestTimeTooSkewed"]
    return replace(known, cause=f"this machine's clock is {describe_skew(skew)} the service's") if skew else known


def _denied(answer: OssAnswer) -> Meaning:
    words = one_line(answer.refusal.message)
    cause = f"{DENIED.cause}: {words}" if words else DENIED.cause
    if answer.endpoint:
        return Meaning(
            NoSuchBucketOrObject,
            f"there is no such bucket in this region; it answers at {one_line(answer.endpoint)}",
            "An export needs a bucket in the image's region (--bucket); for a download, set --region to the bucket's.",
        )
    if answer.lacks_payer:
        return replace(DENIED, cause=f"{cause} (its readers pay)", remedy=_PAYER_REMEDY)
    return replace(DENIED, cause=cause)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _moment(text: Any) -> datetime | None:
    try:
        return parse_utc(text) if text else None
    except ValueError:
        return None


def _unescape(text: str) -> str:
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text
