"""One bucket of OSS through oss2: signature V4, https, and every answer held against what was asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar
from xml.etree.ElementTree import ParseError

import oss2
from oss2.exceptions import OssError, RestoreAlreadyInProgress, ServerError
from oss2.models import RestoreConfiguration

from imgkit.aliyun.credentials import Credentials
from imgkit.aliyun.endpoints import Endpoint, check_bucket, check_region
from imgkit.aliyun.explain import printable
from imgkit.aliyun.http_range import HttpRangeBody, bare_etag, checked_body, crc64_of, http_moment
from imgkit.aliyun.network import DIRECT, NetworkSettings
from imgkit.aliyun.oss_errors import explain_no_answer, explain_oss, read_oss_error
from imgkit.aliyun.oss_session import MOST_CONNECTIONS, OssSession, make_session, timeouts
from imgkit.aliyun.retrying import Retry, TryAgain
from imgkit.aliyun.sdk_logging import quieten_sdks
from imgkit.errors import ImgkitError
from imgkit.model.cloud_object import BucketInfo, ObjectInfo
from imgkit.ports import RangeFailed
from imgkit.version import __version__

Answer = TypeVar("Answer")
Clock = Callable[[], datetime]

_LIST_ITEMS = 1000  # the service's maximum for one page
_REQUESTER_PAYS = {"x-oss-request-payer": "requester"}  # "Pay-by-requester mode"; it is signed, as all x-oss-* are
_RANGE_HEADERS = {
    "x-oss-range-behavior": "standard",  # without it OSS answers a range beyond the end with 200 and everything
    "Accept-Encoding": "identity",
}


def utc_now() -> datetime:
    """Return this machine's clock."""
    return datetime.now(UTC)


def open_bucket(
    bucket: str,
    *,
    region_id: str,
    credentials: Credentials,
    endpoint: Endpoint,
    network: NetworkSettings = DIRECT,
    connections: int = MOST_CONNECTIONS,
    requester_pays: bool = False,
    version_id: str = "",
    retry: Retry | None = None,
    clock: Clock = utc_now,
) -> "OssStore":
    """Make one bucket ready; nothing is sent yet. `endpoint` comes from `oss_endpoint`. Raises SettingsError.

    With `version_id`, what is asked about objects is asked about that version of them.
    """
    quieten_sdks()
    session = make_session(network, scheme=endpoint.scheme, host=endpoint.host, pool_size=connections)
    client = oss2.Bucket(
        oss2.ProviderAuthV4(_Bridge(credentials)),
        endpoint.url,
        check_bucket(bucket),
        is_cname=endpoint.cname,
        session=OssSession(session),
        connect_timeout=timeouts(network),
        app_name=f"imgkit/{__version__}",
        enable_crc=False,  # slow, and of no use for ranges: the header holds the CRC of the whole object
        region=check_region(region_id),
    )
    return OssStore(
        client,
        credentials=credentials,
        headers=_REQUESTER_PAYS if requester_pays else {},
        version_id=version_id,
        retry=retry or Retry(),
        clock=clock,
    )


class _Bridge:
    """What oss2 asks for credentials, before every request: so tokens are refreshed in mid-download."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def get_credentials(self) -> SimpleNamespace:
        keys = self._credentials.current()
        return SimpleNamespace(
            get_access_key_id=lambda: keys.access_key_id,
            get_access_key_secret=lambda: keys.secret,
            get_security_token=lambda: keys.token,
        )


class OssStore:
    """One bucket. Its calls are repeated where that helps: each may be sent twice without harm."""

    def __init__(
        self,
        client: Any,
        *,
        credentials: Credentials,
        headers: Mapping[str, str],
        version_id: str,
        retry: Retry,
        clock: Clock,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._headers = headers
        self._params = {"versionId": version_id} if version_id else {}
        self._retry = retry
        self._clock = clock

    @property
    def bucket(self) -> str:
        return str(self._client.bucket_name)

    def label(self, key: str) -> str:
        """Return an object's address for messages and logs."""
        version = self._params.get("versionId")
        return f"oss://{self.bucket}/{printable(key)}" + (f" (version {printable(version)})" if version else "")

    def close(self) -> None:
        """Close the connections."""
        self._client.session.session.close()

    def bucket_info(self) -> BucketInfo:
        """Ask what kind of bucket it is and where."""
        doing = f"look up bucket {self.bucket}"
        found = self._ask(self._client.get_bucket_info, doing=doing)
        rule = found.bucket_encryption_rule
        return BucketInfo(
            name=found.name,
            region_id=(found.location or "").removeprefix("oss-"),
            storage_class=found.storage_class or "Standard",
            encryption=(rule.sse_algorithm or "") if rule else "",
            versioning=found.versioning_status or "",
            extranet_endpoint=found.extranet_endpoint or "",
            intranet_endpoint=found.intranet_endpoint or "",
        )

    def describe(self, key: str) -> ObjectInfo:
        """Ask for an object's size, ETag, CRC and state."""
        doing = f"look up {self.label(key)}"
        return self._retry.call(lambda: self._describe_once(key), doing=doing)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield all objects whose keys begin with `prefix`, in the order of their keys."""
        doing = f"list {self.label(prefix)}"
        token = ""
        while True:
            page = self._ask(partial(self._list_page, prefix, token), doing=doing)
            for entry in page.object_list:
                yield self._listed(entry)
            token = page.next_continuation_token if page.is_truncated else ""
            if not token:
                return

    def source(self, key: str) -> "OssRangeSource":
        """Return an object that is read by ranges."""
        return OssRangeSource(self, key)

    def restore(self, key: str, *, days: int) -> None:
        """Ask for a restore of a frozen object."""
        try:
            self._ask(
                lambda: self._client.restore_object(
                    key, params=self._params, headers=self._headers, input=RestoreConfiguration(days=days)
                ),
                doing=f"restore {self.label(key)}",
                fine=RestoreAlreadyInProgress,
            )
        except _AlreadyFine:
            return

    def delete(self, key: str, *, version_id: str = "") -> None:
        """Delete exactly this object; in a bucket with versions only a `version_id` frees the room."""
        params = {"versionId": version_id} if version_id else None
        self._ask(lambda: self._client.delete_object(key, params=params), doing=f"delete {self.label(key)}")

    def _list_page(self, prefix: str, token: str) -> Any:
        return self._client.list_objects_v2(
            prefix=prefix, continuation_token=token, max_keys=_LIST_ITEMS, headers=self._headers
        )

    def _listed(self, entry: Any) -> ObjectInfo:
        return ObjectInfo(
            bucket=self.bucket,
            key=entry.key,
            size=entry.size,
            etag=entry.etag.strip('"'),
            last_modified=datetime.fromtimestamp(entry.last_modified, UTC),
            storage_class=entry.storage_class or "Standard",
        )

    def _describe_once(self, key: str) -> ObjectInfo:
        doing = f"look up {self.label(key)}"
        headers = self.send(
            lambda: self._client.head_object(key, headers=self._headers, params=self._params), doing=doing
        ).headers
        length = headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or not bare_etag(headers):
            raise TryAgain("the answer tells neither size nor ETag")
        return ObjectInfo(
            bucket=self.bucket,
            key=key,
            size=int(length),
            etag=bare_etag(headers),
            crc64=crc64_of(headers),
            last_modified=http_moment(headers, "Last-Modified"),
            storage_class=headers.get("x-oss-storage-class", "Standard"),
            version_id=headers.get("x-oss-version-id", ""),
            restore=headers.get("x-oss-restore", ""),
            request_id=headers.get("x-oss-request-id", ""),
            server_date=http_moment(headers, "Date"),
        )

    def describe_once(self, key: str) -> ObjectInfo:
        """Describe without asking again, as a range source does. Raises RangeFailed."""
        with _as_range_failure():
            return self._describe_once(key)

    def get_range(self, key: str, start: int, length: int, *, etag: str) -> Any:
        """Send one request for a range and return the response of requests. Raises RangeFailed or ImgkitError."""
        headers = {**_RANGE_HEADERS, **self._headers, "If-Match": etag}
        last = start + length - 1
        with _as_range_failure():
            result = self.send(
                lambda: self._client.get_object(key, byte_range=(start, last), headers=headers, params=self._params),
                doing=f"fetch {self.label(key)}",
            )
        return result.resp.response

    def _ask(self, call: Callable[[], Answer], *, doing: str, fine: type[ServerError] | None = None) -> Answer:
        return self._retry.call(lambda: self.send(call, doing=doing, fine=fine), doing=doing)

    def send(self, call: Callable[[], Answer], *, doing: str, fine: type[ServerError] | None = None) -> Answer:
        """Make one call of oss2. Raises TryAgain where asking again is sensible, else an ImgkitError."""
        before = self._credentials.current().token
        try:
            return call()
        except ServerError as error:
            if fine is not None and isinstance(error, fine):
                raise _AlreadyFine from error
            raise self._explain(error, doing=doing, token=before) from error
        except OssError as error:
            raise explain_no_answer(error, doing=doing) from error
        except (
            ParseError,
            RuntimeError,
            ValueError,
            LookupError,
            AttributeError,
        ) as error:  # what oss2's readers of XML raise
            raise TryAgain("the answer cannot be read") from error
        except OSError as error:  # requests' errors are OSErrors: the body of an answer broke off
            raise explain_no_answer(error, doing=doing) from error

    def _explain(self, error: ServerError, *, doing: str, token: str) -> ImgkitError | TryAgain:
        answer = read_oss_error(error)
        if (answer.is_about_token or answer.says_expired) and self._credentials.current().token != token:
            return TryAgain("the security token was just replaced")
        return explain_oss(answer, doing=doing, now=self._clock())


class OssRangeSource:
    """One object that is read by ranges; nothing is asked twice here. May be used from several threads."""

    def __init__(self, store: OssStore, key: str) -> None:
        self._store = store
        self._key = key
        self._size: int | None = None

    @property
    def label(self) -> str:
        return self._store.label(self._key)

    def describe(self) -> ObjectInfo:
        """Ask for size, ETag and CRC, once."""
        info = self._store.describe_once(self._key)
        self._size = info.size
        return info

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Iterator[HttpRangeBody]:
        """Ask for exactly these bytes of exactly this version."""
        response = self._store.get_range(self._key, start, length, etag=etag)
        with checked_body(response, start=start, length=length, etag=etag, label=self.label, size=self._size) as body:
            yield body


class _AlreadyFine(Exception):
    """The service refused because it is done already."""


@contextmanager
def _as_range_failure() -> Iterator[None]:
    try:
        yield
    except TryAgain as again:
        raise RangeFailed(
            again.reason, throttled=again.throttled, retry_after_seconds=again.retry_after_seconds
        ) from again
