"""The answer to a request for a range: whether it is the one that was asked for, and its body, byte for byte."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3.exceptions as wire
from requests import RequestException

from imgkit.aliyun.network import describe_failure
from imgkit.errors import ObjectChanged
from imgkit.ports import RangeFailed
from imgkit.units import KiB

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MOST_AT_ONCE = 512 * KiB
_BROKEN = (wire.HTTPError, RequestException, OSError)


@dataclass(frozen=True, slots=True)
class AnsweredRange:
    """What Content-Range says: the first and the last byte of the answer, and the size of the whole object."""

    first: int
    last: int
    total: int


def range_header(start: int, length: int) -> str:
    """Return the value of the header Range."""
    return f"bytes={start}-{start + length - 1}"


def bare_etag(headers: Mapping[str, str]) -> str:
    """Return the ETag without its quotes."""
    return headers.get("ETag", "").strip().strip('"')


def answered_range(headers: Mapping[str, str]) -> AnsweredRange | None:
    """Read Content-Range; None where there is none of the kind."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    return AnsweredRange(*(int(number) for number in found.groups())) if found else None


def crc64_of(headers: Mapping[str, str]) -> int | None:
    """Return the CRC-64 of the whole object, which comes with the answer to a range too."""
    text = headers.get("x-oss-hash-crc64ecma", "").strip()
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**64 else None


def http_moment(headers: Mapping[str, str], name: str) -> datetime | None:
    """Read a header that holds a time, such as Date."""
    try:
        return parsedate_to_datetime(headers.get(name, "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None


@contextmanager
def checked_body(
    response: Any, *, start: int, length: int, etag: str, label: str, size: int | None
) -> Iterator["HttpRangeBody"]:
    """Give the body of an answer that is 206 with exactly this range; closed at the end. Raises as `check_range`."""
    body = HttpRangeBody(response, length)
    try:
        check_range(
            response.status_code, response.headers, start=start, length=length, etag=etag, size=size, label=label
        )
        yield body
    finally:
        body.close()


def check_range(
    status: int,
    headers: Mapping[str, str],
    *,
    start: int,
    length: int,
    etag: str,
    label: str,
    size: int | None = None,
) -> None:
    """Take 206 with exactly this range of exactly this object, of this size where it is known.

    Raises RangeFailed, ObjectChanged.
    """
    if status != 206:
        raise RangeFailed(f"the answer is {status} and not 206: the range was not heeded")
    got = bare_etag(headers)
    if got != etag:
        raise ObjectChanged(
            f"{label} changed while it was being fetched: its ETag was {etag} and is {got or 'gone'}.",
            hint="Fetch it again from its beginning; find out who replaces it.",
        )
    answered = answered_range(headers)
    if answered is None or (answered.first, answered.last) != (start, start + length - 1):
        raise RangeFailed(f"the answer is about another range: {headers.get('Content-Range', 'no Content-Range')[:80]}")
    if size not in {None, answered.total}:
        raise RangeFailed(f"the answer is about an object of {answered.total} bytes and not {size}")
    announced = headers.get("Content-Length", "")
    if announced and announced != str(length):
        raise RangeFailed(f"the answer announces {announced[:20]} bytes and not {length}")
    if headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
        raise RangeFailed("the answer is compressed on its way")


class HttpRangeBody:
    """The body of one answer, as it came over the wire and never more than was asked for.

    Bytes go from the socket into the caller's buffer, without urllib3's copies between: those cost as much as all the
    rest of a download. What one receive brought is given at once, so that a connection that breaks takes nothing along
    that had arrived.
    """

    def __init__(self, response: Any, length: int) -> None:
        self._response = response
        self._left = length
        self._wire = _unframed_body(response.raw, length)
        self._read1: Callable[[int], bytes] = getattr(response.raw, "read1", None) or response.raw.read

    @property
    def is_direct(self) -> bool:
        """Whether bytes reach the caller's buffer without a copy between."""
        return self._wire is not None

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`; 0 when all that was asked for has been given."""
        wanted = min(len(buffer), self._left)
        if wanted == 0:
            return 0
        try:
            count = self._receive(buffer[:wanted])
        except _BROKEN as error:
            raise RangeFailed(describe_failure(error)) from error
        if not count:
            raise RangeFailed(f"the answer ended {self._left} bytes early")
        self._left -= count
        return count

    def _receive(self, window: memoryview) -> int:
        if self._wire is not None:
            reader = self._wire.fp  # None once the connection was closed
            count = int(reader.readinto1(window) or 0) if reader is not None else 0
            self._wire.length -= count  # http.client's own account: at 0 the connection is free for the next request
            return count
        data = self._read1(min(len(window), _MOST_AT_ONCE))
        window[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give the connection back when all was read, else close it."""
        if self._left == 0:
            with suppress(*_BROKEN):
                self._response.raw.drain_conn()
        self._response.close()


def _unframed_body(raw: Any, length: int) -> Any:
    """Return http.client's response where its body is these bytes and no more, unframed; None where it is not so.

    urllib3 has no public way to it. Where a version of it keeps it elsewhere, bytes are copied once more, and come all
    the same; a test says so.
    """
    wire = getattr(raw, "_fp", None)
    is_plain = getattr(wire, "length", None) == length and not getattr(wire, "chunked", True)
    return wire if is_plain and hasattr(getattr(wire, "fp", None), "readinto1") else None
