"""Who is asking OSS: signatures V1 and V4, in headers and in URLs, with or without a security token."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from imgkit.simulator import oss_v1, oss_v4
from imgkit.simulator.keyring import AccessKey, Keyring
from imgkit.simulator.messages import Request
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_places import Place
from imgkit.simulator.regions import REGIONS, public_endpoint

ALLOWED_SKEW = timedelta(minutes=15)
LONGEST_URL_SECONDS = 604800  # seven days


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything that a signature is held against. `region` is that of the bucket; empty: any that exists will do."""

    keyring: Keyring
    now: datetime
    region: str
    home_region: str
    refuse_v1: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asked, and by which kind of signature: v1, v4, url-v1, url-v4."""

    key: AccessKey
    signature: str


def authenticate(request: Request, place: Place, gate: Gate) -> Caller:
    """Return who asked. Raises OssError with the code that OSS documents for what is wrong."""
    authorization = request.header("authorization")
    if authorization.startswith(oss_v4.ALGORITHM):
        return _by_v4_header(request, place, gate)
    if authorization.startswith("OSS "):
        return _by_v1_header(request, place, gate)
    if authorization:
        raise OssError("InvalidArgument", "The authorization header you provided is invalid.", detail="0002-00000061")
    if request.has("x-oss-signature"):
        return _by_v4_url(request, place, gate)
    if request.has("Signature"):
        return _by_v1_url(request, place, gate)
    raise OssError("AccessDenied")


def _by_v4_header(request: Request, place: Place, gate: Gate) -> Caller:
    claim = oss_v4.read_header(request)
    if claim is None:
        raise OssError("InvalidArgument", "Invalid Credential in Authorization header.", detail="0002-00000213")
    _check_skew(_read_compact_date(claim.signed_at), gate)
    _check_scope(claim, gate, "Authorization header")
    key = _find_key(claim.key_id, request.header("x-oss-security-token"), gate)
    _check_v4(request, place, claim, key)
    return Caller(key=key, signature="v4")


def _by_v4_url(request: Request, place: Place, gate: Gate) -> Caller:
    claim = oss_v4.read_url(request)
    signed_at = _read_compact_date(claim.signed_at) if claim else None
    if claim is None or signed_at is None:
        raise OssError("InvalidArgument", "Invalid x-oss-credential or x-oss-date.", detail="0002-00000213")
    seconds = _read_seconds(request.parameter("x-oss-expires"))
    if not 1 <= seconds <= LONGEST_URL_SECONDS:
        raise OssError("InvalidArgument", "Invalid expires parameter: 1 to 604800 seconds.", detail="0002-00000232")
    _check_scope(claim, gate, "x-oss-credential")
    _check_expiry(signed_at + timedelta(seconds=seconds), gate)
    key = _find_key(claim.key_id, request.parameter("x-oss-security-token"), gate)
    _check_v4(request, place, claim, key)
    return Caller(key=key, signature="url-v4")


def _by_v1_header(request: Request, place: Place, gate: Gate) -> Caller:
    key_id, _, signature = request.header("authorization").removeprefix("OSS ").strip().partition(":")
    date = request.header("x-oss-date") or request.header("date")
    _check_skew(_read_http_date(date), gate)
    token = request.header("x-oss-security-token") or request.header("security-token")
    key = _find_key(key_id, token, gate)
    _check_v1(request, place, key, date=date, signature=signature, gate=gate)
    return Caller(key=key, signature="v1")


def _by_v1_url(request: Request, place: Place, gate: Gate) -> Caller:
    expires = request.parameter("Expires")
    seconds = _read_seconds(expires)
    if seconds < 0:
        raise OssError("AccessDenied", "Invalid date (should be seconds since epoch).", detail="0002-00000070")
    _check_expiry(datetime.fromtimestamp(min(seconds, 2**37), UTC), gate)
    key = _find_key(request.parameter("OSSAccessKeyId"), request.parameter("security-token"), gate)
    _check_v1(request, place, key, date=expires, signature=request.parameter("Signature"), gate=gate)
    return Caller(key=key, signature="url-v1")


def _find_key(key_id: str, token: str, gate: Gate) -> AccessKey:
    key = gate.keyring.find(key_id)
    if key is None or bool(key.token) != bool(token):
        # A token with a long-lived key, or a temporary key without its token: OSS knows no such key.
        raise OssError("InvalidAccessKeyId", extra={"OSSAccessKeyId": key_id})
    if not hmac.compare_digest(key.token.encode(), token.encode()):
        raise OssError("InvalidSecurityToken")
    if key.has_expired(gate.now):
        raise OssError("SecurityTokenExpired")
    return key


def _check_scope(claim: oss_v4.Claim, gate: Gate, where: str) -> None:
    if claim.day != claim.signed_at[:8]:
        raise OssError("InvalidArgument", f"Invalid signing date in {where}.", detail="0002-00000225")
    if claim.product != "oss":
        raise OssError("InvalidArgument", f"Invalid signing product in {where}.", detail="0002-00000227")
    if claim.terminator != "aliyun_v4_request":
        raise OssError("InvalidArgument", f"Invalid Credential in {where}.", detail="0002-00000213")
    if claim.region == gate.region or (not gate.region and claim.region in REGIONS):
        return
    if gate.region and claim.region == gate.home_region:
        raise OssError(
            "AccessDenied",
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
            "Please send all future requests to this endpoint.",
            detail="0003-00001403",
            extra={"Endpoint": public_endpoint(gate.region)},
        )
    raise OssError("InvalidArgument", f"Invalid signing region in {where}.", detail="0002-00000226")


def _check_v4(request: Request, place: Place, claim: oss_v4.Claim, key: AccessKey) -> None:
    canonical = oss_v4.canonical_request(request, place, claim.additional)
    text = oss_v4.string_to_sign(claim, canonical)
    if not hmac.compare_digest(oss_v4.sign(key.secret, claim, text).encode(), claim.signature.encode()):
        raise _mismatch(key, claim.signature, text, {"CanonicalRequest": canonical})


def _check_v1(request: Request, place: Place, key: AccessKey, *, date: str, signature: str, gate: Gate) -> None:
    if gate.refuse_v1:
        raise OssError("InvalidArgument", "Signature version 1 is not supported for this bucket.")
    text = oss_v1.string_to_sign(request, place, date)
    if not hmac.compare_digest(oss_v1.sign(key.secret, text).encode(), signature.encode()):
        raise _mismatch(key, signature, text, {})


def _mismatch(key: AccessKey, signature: str, text: str, more: dict[str, str]) -> OssError:
    facts = {"OSSAccessKeyId": key.key_id, "SignatureProvided": signature, "StringToSign": text}
    return OssError("SignatureDoesNotMatch", extra=facts | more)


def _check_skew(signed_at: datetime | None, gate: Gate) -> None:
    if signed_at is None:
        raise OssError("AccessDenied", "OSS authentication requires a valid Date.", detail="0002-00000013")
    if abs(gate.now - signed_at) > ALLOWED_SKEW:
        raise OssError(
            "RequestTimeTooSkewed",
            extra={
                "MaxAllowedSkewMilliseconds": str(int(ALLOWED_SKEW.total_seconds() * 1000)),
                "RequestTime": _iso(signed_at),
                "ServerTime": _iso(gate.now),
            },
        )


def _check_expiry(end: datetime, gate: Gate) -> None:
    if gate.now > end:
        raise OssError(
            "AccessDenied",
            "Request has expired.",
            detail="0002-00000069",
            extra={"Expires": _iso(end), "ServerTime": _iso(gate.now)},
        )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _read_compact_date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _read_http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return _read_compact_date(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read_seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else -1
