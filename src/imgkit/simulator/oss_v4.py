"""OSS signatures V4: HMAC-SHA256 with a key made for one day, one region and one service, in a header or in a URL.

The recipe is that of the public page "Include a V4 signature in the Authorization header" of the OSS documentation.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import quote

from imgkit.simulator.messages import Request
from imgkit.simulator.oss_places import Place

ALGORITHM = "OSS4-HMAC-SHA256"

_HEADER = re.compile(r"(?P<name>Credential|AdditionalHeaders|Signature)=(?P<value>[^,\s]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a client says about its signature."""

    key_id: str
    day: str
    region: str
    product: str
    terminator: str
    signature: str
    signed_at: str
    additional: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.product}/{self.terminator}"


def read_header(request: Request) -> Claim | None:
    """Read the Authorization header; None where it is malformed."""
    fields = {found["name"]: found["value"] for found in _HEADER.finditer(request.header("authorization"))}
    return _claim(
        fields.get("Credential", ""),
        signature=fields.get("Signature", ""),
        signed_at=request.header("x-oss-date"),
        additional=fields.get("AdditionalHeaders", ""),
    )


def read_url(request: Request) -> Claim | None:
    """Read the parameters of a presigned URL; None where they are malformed."""
    return _claim(
        request.parameter("x-oss-credential"),
        signature=request.parameter("x-oss-signature"),
        signed_at=request.parameter("x-oss-date"),
        additional=request.parameter("x-oss-additional-headers"),
    )


def _claim(credential: str, *, signature: str, signed_at: str, additional: str) -> Claim | None:
    parts = credential.split("/")
    if len(parts) != 5 or not signature:
        return None
    return Claim(
        key_id=parts[0],
        day=parts[1],
        region=parts[2],
        product=parts[3],
        terminator=parts[4],
        signature=signature,
        signed_at=signed_at,
        additional=tuple(name for name in additional.lower().split(";") if name),
    )


def canonical_request(request: Request, place: Place, additional: tuple[str, ...]) -> str:
    """Return the request as client and server both write it down."""
    names = sorted(name for name in request.headers if _is_signed(name, additional))
    return "\n".join((
        request.method,
        quote(place.canonical, safe="/~"),
        canonical_query(request),
        "".join(f"{name}:{request.headers[name].strip()}\n" for name in names),
        ";".join(sorted(additional)),
        request.header("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
    ))  # fmt: skip


def canonical_query(request: Request) -> str:
    """Return all parameters but the signature, quoted and sorted; one without a value stands alone."""
    pairs = sorted(
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in request.parameters
        if name != "x-oss-signature"
    )
    return "&".join(f"{name}={value}" if value else name for name, value in pairs)


def string_to_sign(claim: Claim, canonical: str) -> str:
    """Return what the signing key signs."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{claim.signed_at}\n{claim.scope}\n{digest}"


def sign(secret: str, claim: Claim, text: str) -> str:
    """Return the signature of a string to sign, under the key of the claim's day, region and service."""
    key = f"aliyun_v4{secret}".encode()
    for part in (claim.day, claim.region, claim.product, claim.terminator):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _is_signed(name: str, additional: tuple[str, ...]) -> bool:
    return name.startswith("x-oss-") or name in {"content-type", "content-md5"} or name in additional
