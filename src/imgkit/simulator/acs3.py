"""Who is asking ECS: signatures ACS3-HMAC-SHA256 over headers, parameters and the digest of the body.

The recipe is that of the public page "Request syntax and signature method V3" of Alibaba Cloud's API documentation.
"""

import hashlib
import hmac
import re
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from imgkit.simulator.ecs_errors import EcsError
from imgkit.simulator.keyring import AccessKey, Keyring
from imgkit.simulator.messages import Request

ALGORITHM = "ACS3-HMAC-SHA256"
ALLOWED_SKEW = timedelta(minutes=15)

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM}\s+Credential=(?P<key_id>[^,]+),\s*SignedHeaders=(?P<names>[^,]+),\s*Signature=(?P<signature>\w+)"
)


class NonceMemory:
    """The nonces of the last minutes: a request that is sent twice is served once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}

    def is_new(self, nonce: str, now: datetime) -> bool:
        """Note a nonce; False where it was noted before."""
        with self._lock:
            if nonce in self._seen:
                return False
            for old in [other for other, at in self._seen.items() if now - at > 2 * ALLOWED_SKEW]:
                del self._seen[old]
            self._seen[nonce] = now
            return True


def authenticate(request: Request, body: bytes, *, keyring: Keyring, nonces: NonceMemory, now: datetime) -> AccessKey:
    """Return whose request it is. Raises EcsError with the common code for what is wrong."""
    found = _AUTHORIZATION.fullmatch(request.header("authorization").strip())
    if found is None:
        raise EcsError("IncompleteSignature")
    key = _find_key(found["key_id"], request.header("x-acs-security-token"), keyring, now)
    _check_date(request.header("x-acs-date"), now)
    names = tuple(found["names"].lower().split(";"))
    _check_names(request, names)
    text = string_to_sign(request, names)
    content = hashlib.sha256(body).hexdigest()
    if request.header("x-acs-content-sha256") != content or not _equal(sign(key.secret, text), found["signature"]):
        raise EcsError("SignatureDoesNotMatch", f"Specified signature is not matched. server string to sign is: {text}")
    if not nonces.is_new(request.header("x-acs-signature-nonce"), now):
        raise EcsError("SignatureNonceUsed")
    return key


def string_to_sign(request: Request, names: tuple[str, ...]) -> str:
    """Return what the secret signs."""
    canonical = "\n".join((
        request.method,
        quote(request.path, safe="/~%"),
        _canonical_query(request),
        "".join(f"{name}:{request.header(name).strip()}\n" for name in sorted(names)),
        ";".join(sorted(names)),
        request.header("x-acs-content-sha256"),
    ))  # fmt: skip
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def sign(secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def _canonical_query(request: Request) -> str:
    pairs = sorted(request.parameters)
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)


def _find_key(key_id: str, token: str, keyring: Keyring, now: datetime) -> AccessKey:
    key = keyring.find(key_id)
    if key is None:
        raise EcsError("InvalidAccessKeyId.NotFound")
    if key.token and not token:
        raise EcsError("MissingSecurityToken")
    if not _equal(key.token, token):
        raise EcsError("InvalidSecurityToken.MismatchWithAccessKey")
    if key.has_expired(now):
        raise EcsError("InvalidSecurityToken.Expired")
    return key


def _check_date(text: str, now: datetime) -> None:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise EcsError("InvalidTimeStamp.Format") from error
    if abs(now - moment) > ALLOWED_SKEW:
        raise EcsError("InvalidTimeStamp.Expired")


def _check_names(request: Request, names: tuple[str, ...]) -> None:
    """Refuse a header that would count but was not signed."""
    counted = {name for name in request.headers if name.startswith("x-acs-")} | {"host", "x-acs-signature-nonce"}
    if not counted <= set(names):
        raise EcsError("IncompleteSignature")


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
