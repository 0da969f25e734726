"""Which host to talk to: the rules for the endpoints of OSS and ECS, and where plain http may be used."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from imgkit.aliyun.network import is_loopback
from imgkit.errors import SettingsError

_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One service's address. `host` is without its port, `netloc` with it."""

    scheme: str
    host: str
    port: int | None = None
    cname: bool = False

    @property
    def netloc(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}"


def oss_endpoint(
    region_id: str, *, explicit: str = "", internal: bool = False, accelerate: bool = False, cname: bool = False
) -> Endpoint:
    """Choose the endpoint of OSS ("Regions and endpoints" in the OSS documentation). Raises SettingsError.

    `cname` says that `explicit` is a domain bound to the bucket: accounts opened since 2025-03-20 need one for data in
    mainland China. `internal` is reachable, and free of charge, from ECS of the same region only.
    """
    check_region(region_id)
    if internal + accelerate + bool(explicit) > 1:
        raise SettingsError(
            "Cannot choose an endpoint of OSS: internal, acceleration and an explicit endpoint exclude each other.",
            hint="Leave only one of them in the options and settings.",
        )
    if cname and not explicit:
        raise SettingsError(
            "Cannot use a bound domain (CNAME): it was not said which.",
            hint="Name the domain that is bound to the bucket with --oss-endpoint.",
        )
    if explicit:
        return _parse(explicit, option="--oss-endpoint", cname=cname)
    if accelerate:
        return Endpoint(scheme="https", host="oss-accelerate.aliyuncs.com")
    return Endpoint(scheme="https", host=f"oss-{region_id}{'-internal' if internal else ''}.aliyuncs.com")


def ecs_endpoint(explicit: str) -> Endpoint | None:
    """Read an explicit endpoint of ECS; None leaves the choice to the SDK, which knows the regions."""
    return _parse(explicit, option="--ecs-endpoint") if explicit else None


def check_region(region_id: str) -> str:
    """Return a well-formed region id. Raises SettingsError: it becomes part of a host name."""
    if _REGION.fullmatch(region_id) and not region_id.startswith("oss-"):
        return region_id
    raise SettingsError(
        f"{region_id!r} is no region id." if region_id else "No region is set.",
        hint="Name it with --region, for example `--region cn-hangzhou`, or in the profile of Alibaba's CLI.",
    )


def check_bucket(bucket: str) -> str:
    """Return a well-formed bucket name. Raises SettingsError."""
    if _BUCKET.fullmatch(bucket):
        return bucket
    raise SettingsError(
        f"{bucket!r} is no bucket name.",
        hint="A bucket has 3 to 63 small letters, digits and hyphens, and begins and ends with a letter or digit.",
    )


def check_transport(scheme: str, host: str, *, what: str) -> None:
    """Refuse everything but https, and plain http on loopback. Raises SettingsError."""
    if scheme == "https" or (scheme == "http" and is_loopback(host)):
        return
    raise SettingsError(
        f"{what} must be https: over {scheme or 'anything else'}, anybody on the way could read and change what comes.",
        hint="Plain http is taken on loopback only (127.0.0.1, localhost).",
    )


def _parse(text: str, *, option: str, cname: bool = False) -> Endpoint:
    scheme, found, rest = text.strip().partition("://")
    try:
        parts = urlsplit(f"//{rest if found else scheme}")
    except ValueError:  # unbalanced brackets
        raise _no_endpoint(text, option) from None
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or parts.username is not None or parts.path.strip("/") or parts.query:
        raise _no_endpoint(text, option)
    if not found:
        scheme = "http" if is_loopback(host) else "https"
    check_transport(scheme.lower(), host, what=f"The endpoint of {option}")
    return Endpoint(scheme=scheme.lower(), host=host, port=_port(parts.netloc, text, option), cname=cname)


def _port(netloc: str, text: str, option: str) -> int | None:
    _, found, digits = netloc.partition(":")
    if not found:
        return None
    if not digits.isdecimal() or not 0 < int(digits) < 65536:
        raise _no_endpoint(text, option)
    return int(digits)


def _no_endpoint(text: str, option: str) -> SettingsError:
    return SettingsError(
        f"{text!r} is no endpoint.",
        hint=f"{option} takes a host, with a port if need be: `oss-cn-hangzhou.aliyuncs.com`, `https://my.domain:8443`.",
    )
