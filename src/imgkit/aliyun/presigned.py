"""An object behind a presigned URL: no key of ours, no HEAD, no header that the signature does not know."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from urllib3.exceptions import HTTPError

from imgkit.aliyun.endpoints import check_transport
from imgkit.aliyun.error_table import Meaning
from imgkit.aliyun.explain import build_error, printable
from imgkit.aliyun.http_range import (
    HttpRangeBody,
    answered_range,
    bare_etag,
    checked_body,
    crc64_of,
    http_moment,
    range_header,
)
from imgkit.aliyun.network import DIRECT, NetworkSettings, is_loopback
from imgkit.aliyun.oss_errors import OssAnswer, error_details, explain_no_answer, explain_oss, read_answer
from imgkit.aliyun.oss_session import MOST_CONNECTIONS, keep_beginning, make_session, timeouts
from imgkit.aliyun.retrying import TryAgain
from imgkit.aliyun.sdk_logging import quieten_sdks
from imgkit.errors import AccessDenied, ImgkitError, SettingsError, UrlExpired
from imgkit.model.cloud_object import ObjectInfo
from imgkit.ports import RangeFailed
from imgkit.units import format_utc
from imgkit.version import __version__

_BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9-]+)\.(?:s3\.)?(?:oss|[a-z0-9-]+\.oss)[a-z0-9.-]*\.aliyuncs\.com")
_EXPIRED_HINT = "Get a fresh URL of the same object and run the same command with it: it goes on where it was."


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedUrl:
    """A presigned URL taken apart. `text` is a secret as long as it lives; its repr leaves it out."""

    text: str
    scheme: str
    host: str
    label: str
    bucket: str
    key: str
    expires_at: datetime | None

    @classmethod
    def parse(cls, text: str) -> "PresignedUrl":
        """Read a URL. Raises SettingsError, without the URL in it."""
        try:
            parts = urlsplit(text.strip())
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            raise SettingsError("The URL is malformed.", hint=_URL_HINT) from None
        if not host or parts.username is not None or not parts.path.strip("/"):
            raise SettingsError("The URL names no object on a host.", hint=_URL_HINT)
        check_transport(parts.scheme, host, what="A presigned URL")
        bucket, key = _bucket_and_key(host, unquote(parts.path).lstrip("/"))
        return cls(
            text=parts._replace(fragment="").geturl(),
            scheme=parts.scheme,
            host=host,
            label=printable(f"{parts.scheme}://{host}{port}{parts.path}"),
            bucket=bucket,
            key=key,
            expires_at=_expiry(dict(parse_qsl(parts.query, keep_blank_values=True))),
        )

    def __repr__(self) -> str:
        """Leave the signature out."""
        return f"PresignedUrl({self.label})"


_URL_HINT = "Give the whole URL, in quotes or with --url-file: https://bucket.endpoint/key?…signature…"

_REFUSED = Meaning(
    AccessDenied,
    "OSS refuses this URL: it is incomplete, was changed, or its signer may not read the object",
    _URL_HINT,
)
_PAYER = Meaning(
    AccessDenied,
    "whoever reads this bucket pays for it, and the URL does not say so",
    "Have the URL signed with x-oss-request-payer=requester in it, as OSS documents for pay-by-requester.",
)
_REFUSED_CODES = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


def open_presigned(
    url: str,
    *,
    network: NetworkSettings = DIRECT,
    connections: int = MOST_CONNECTIONS,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> "PresignedSource":
    """Make an object behind a presigned URL ready; nothing is sent yet. Raises SettingsError."""
    quieten_sdks()
    parsed = PresignedUrl.parse(url)
    session = make_session(network, scheme=parsed.scheme, host=parsed.host, pool_size=connections)
    return PresignedSource(parsed, session, timeouts=timeouts(network), clock=clock)


class PresignedSource:
    """One object that is read by ranges. Nothing is asked twice here; may be used from several threads.

    All x-oss-* headers enter the string to sign, so none may be added: without x-oss-range-behavior a range beyond the
    end is answered with the whole object, and callers never ask for one.
    """

    def __init__(
        self,
        url: PresignedUrl,
        session: requests.Session,
        *,
        timeouts: tuple[float, float],
        clock: Callable[[], datetime],
    ) -> None:
        self._url = url
        self._session = session
        self._timeouts = timeouts
        self._clock = clock
        self._size: int | None = None

    @property
    def label(self) -> str:
        return self._url.label

    @property
    def expires_at(self) -> datetime | None:
        """When the URL says that it ends; with temporary credentials it may end sooner."""
        return self._url.expires_at

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def describe(self) -> ObjectInfo:
        """Learn size, ETag and CRC from the first byte: a URL that was signed for GET is no use for HEAD."""
        response = self._get(0, 1, etag="")
        try:
            info = self._described(response.status_code, response.headers)
            self._size = info.size
            return info
        finally:
            response.close()

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Iterator[HttpRangeBody]:
        """Ask for exactly these bytes of exactly this version."""
        response = self._get(start, length, etag=etag)
        with checked_body(response, start=start, length=length, etag=etag, label=self.label, size=self._size) as body:
            yield body

    def _described(self, status: int, headers: Mapping[str, str]) -> ObjectInfo:
        answered = answered_range(headers)
        is_empty = status == 200 and headers.get("Content-Length") == "0"
        if (answered is None or status != 206) and not is_empty:
            raise RangeFailed(f"the answer is {status} and not 206: the range was not heeded")
        if not bare_etag(headers):
            raise RangeFailed("the answer tells no ETag")
        return ObjectInfo(
            bucket=self._url.bucket,
            key=self._url.key,
            size=answered.total if answered else 0,
            etag=bare_etag(headers),
            crc64=crc64_of(headers),
            last_modified=http_moment(headers, "Last-Modified"),
            storage_class=headers.get("x-oss-storage-class", "Standard"),
            version_id=headers.get("x-oss-version-id", ""),
            restore=headers.get("x-oss-restore", ""),
            request_id=headers.get("x-oss-request-id", ""),
            server_date=http_moment(headers, "Date"),
        )

    def _get(self, start: int, length: int, *, etag: str) -> requests.Response:
        headers = {
            "Range": range_header(start, length),
            "Accept-Encoding": "identity",
            "User-Agent": f"imgkit/{__version__}",
        }
        if etag:
            headers["If-Match"] = etag
        doing = f"fetch {self.label}"
        outcome = self._send(headers)
        if isinstance(outcome, Exception):
            _raise(explain_no_answer(outcome, doing=doing))
        if outcome.status_code >= 300:
            _raise(self._explain(outcome, doing))
        return outcome

    def _send(self, headers: Mapping[str, str]) -> Any:
        """Return the response, or the error: what requests raises has the signed URL in it, and must not be chained."""
        try:
            response = self._session.get(
                self._url.text, headers=headers, stream=True, timeout=self._timeouts, allow_redirects=False
            )
            if response.status_code >= 300:
                keep_beginning(response)
        except (requests.RequestException, HTTPError, OSError) as error:
            return error
        return response

    def _explain(self, response: requests.Response, doing: str) -> ImgkitError | TryAgain:
        answer = read_answer(response.status_code, response.headers, error_details(response.content))
        if self._has_expired(answer):
            when = f" (it was good until {format_utc(self.expires_at)[:19]}Z)" if self.expires_at else ""
            return UrlExpired(f"Cannot {doing}: the URL has expired{when}.", hint=_EXPIRED_HINT)
        if answer.lacks_payer:
            return build_error(answer.refusal, _PAYER, doing=doing)
        if answer.refusal.status == 403 and answer.refusal.code in _REFUSED_CODES:
            return build_error(answer.refusal, _REFUSED, doing=doing)
        return explain_oss(answer, doing=doing, now=self._clock())

    def _has_expired(self, answer: OssAnswer) -> bool:
        if answer.is_about_token or answer.says_expired:
            return True
        if answer.refusal.status != 403 or answer.server_time is None or self.expires_at is None:
            return False
        return answer.server_time > self.expires_at


def _raise(error: ImgkitError | TryAgain) -> None:
    if isinstance(error, TryAgain):
        raise RangeFailed(error.reason, throttled=error.throttled, retry_after_seconds=error.retry_after_seconds)
    raise error


def _bucket_and_key(host: str, path: str) -> tuple[str, str]:
    found = _BUCKET_HOST.fullmatch(host)
    if found:
        return found["bucket"], path
    if is_loopback(host) and "/" in path:
        bucket, _, key = path.partition("/")
        return bucket, key
    return host, path


def _expiry(query: Mapping[str, str]) -> datetime | None:
    """Read `Expires` of V1, or `x-oss-date` and `x-oss-expires` of V4 ("Include signatures in a URL")."""
    try:
        if "Expires" in query:
            return datetime.fromtimestamp(int(query["Expires"]), UTC)
        begun = datetime.strptime(query["x-oss-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return begun + timedelta(seconds=int(query["x-oss-expires"]))
    except (KeyError, ValueError, OverflowError, OSError):
        return None
