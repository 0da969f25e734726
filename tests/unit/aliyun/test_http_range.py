"""Answers to ranges are held against what was asked."""

import contextlib
import http.client
import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
import urllib3.exceptions as wire
from requests.structures import CaseInsensitiveDict

from imgkit.aliyun.http_range import (
    AnsweredRange,
    HttpRangeBody,
    answered_range,
    bare_etag,
    check_range,
    crc64_of,
    http_moment,
    range_header,
)
from imgkit.errors import ObjectChanged
from imgkit.ports import RangeBody, RangeFailed

GOOD = {"Content-Range": "bytes 100-149/1000", "ETag": '"ABC-1"', "Content-Length": "50"}


def check(status: int = 206, etag: str = "ABC-1", **changes: str) -> None:
    headers = CaseInsensitiveDict({**GOOD, **{name.replace("_", "-"): value for name, value in changes.items()}})
    check_range(status, headers, start=100, length=50, etag=etag, label="oss://b/k")


def test_an_answer_about_an_object_of_another_size_is_not_taken():
    check()
    with pytest.raises(RangeFailed, match="1000 bytes and not 999"):
        check_range(206, CaseInsensitiveDict(GOOD), start=100, length=50, etag="ABC-1", size=999, label="oss://b/k")


class Raw:
    """What urllib3 gives: read1 returns what one receive brought."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = list(pieces)
        self.asked: list[int] = []
        self.drained = False

    def read1(self, amount: int) -> bytes:
        self.asked.append(amount)
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def drain_conn(self) -> None:
        self.drained = True


class Response:
    def __init__(self, *pieces: bytes | Exception) -> None:
        self.raw: Any = Raw(*pieces)
        self.closed = False

    def close(self) -> None:
        self.closed = True


def read_all(body: RangeBody, piece_bytes: int = 64) -> bytes:
    got = b""
    buffer = bytearray(piece_bytes)
    while count := body.readinto(memoryview(buffer)):
        got += buffer[:count]
    return got


def test_the_right_answer_is_taken():
    check()


def test_names_of_headers_come_in_any_case_and_the_etag_without_quotes():
    check(etag="ABC-1", ETag="ABC-1")
    assert bare_etag(CaseInsensitiveDict({"etag": ' "x" '})) == "x"


@pytest.mark.parametrize("status", [200, 203, 204, 304])
def test_anything_but_206_is_refused(status):
    with pytest.raises(RangeFailed, match=str(status)):
        check(status)


@pytest.mark.parametrize(
    "content_range",
    [
        "",
        "bytes 100-149/*",
        "bytes 100-150/1000",
        "bytes 99-149/1000",
        "bytes 0-49/1000",
        "bytes */1000",
        "100-149/1000",
    ],
)
def test_another_range_is_refused(content_range):
    with pytest.raises(RangeFailed, match="another range"):
        check(Content_Range=content_range)


@pytest.mark.parametrize("length", ["49", "51", "1000", "x"])
def test_another_length_is_refused(length):
    with pytest.raises(RangeFailed, match="announces"):
        check(Content_Length=length)


@pytest.mark.parametrize("etag", ["DEF-1", "abc-1", ""])
def test_another_version_of_the_object_is_an_error_of_its_own(etag):
    with pytest.raises(ObjectChanged, match="oss://b/k changed"):
        check(ETag=etag)


def test_a_compressed_answer_is_refused():
    with pytest.raises(RangeFailed, match="compressed"):
        check(Content_Encoding="gzip")


def test_range_header_names_the_last_byte_and_not_the_one_after():
    assert range_header(100, 50) == "bytes=100-149"
    assert range_header(0, 1) == "bytes=0-0"


def test_content_range_is_read():
    assert answered_range({"Content-Range": "bytes 0-0/40000000000"}) == AnsweredRange(0, 0, 40_000_000_000)


@pytest.mark.parametrize(
    ("text", "crc"),
    [
        ("0", 0),
        ("11051210869376104954", 11051210869376104954),
        ("", None),
        ("-1", None),
        ("x", None),
        (str(2**64), None),
    ],
)
def test_crc(text, crc):
    assert crc64_of({"x-oss-hash-crc64ecma": text} if text else {}) == crc


def test_moments_of_http():
    moment = datetime(2015, 12, 5, 11, 4, 39, tzinfo=UTC)

    assert http_moment({"Date": "Sat, 05 Dec 2015 11:04:39 GMT"}, "Date") == moment
    assert http_moment({"Date": "soon"}, "Date") is None
    assert http_moment({}, "Date") is None


def test_a_body_is_given_as_it_arrives():
    response = Response(b"abc", b"de", b"fghij")

    assert read_all(HttpRangeBody(response, 10)) == b"abcdefghij"


def test_never_more_is_asked_of_the_connection_than_is_left():
    response = Response(b"abcd", b"ef")
    read_all(HttpRangeBody(response, 6), piece_bytes=4)

    assert response.raw.asked == [4, 2]


def test_bytes_that_arrived_before_the_connection_broke_are_given():
    body = HttpRangeBody(Response(b"abc", ConnectionResetError(104, "Connection reset by peer")), 10)
    buffer = memoryview(bytearray(10))

    assert body.readinto(buffer) == 3
    with pytest.raises(RangeFailed, match="connection reset by peer"):
        body.readinto(buffer)


@pytest.mark.parametrize(
    "error",
    [
        wire.ProtocolError("broken", wire.IncompleteRead(3, 7)),
        wire.ReadTimeoutError(None, "/k?x-oss-signature=5ec7e7", "Read timed out."),  # type: ignore[arg-type]  # no pool
        TimeoutError("timed out"),
        wire.SSLError("record layer failure"),
    ],
)
def test_every_way_a_body_breaks_may_be_asked_again(error):
    with pytest.raises(RangeFailed) as caught:
        HttpRangeBody(Response(error), 10).readinto(memoryview(bytearray(10)))

    assert "5ec7e7" not in str(caught.value)


def test_a_body_that_ends_early_is_not_whole():
    with pytest.raises(RangeFailed, match="6 bytes early"):
        read_all(HttpRangeBody(Response(b"abcd"), 10))


def test_an_older_urllib3_without_read1_will_do():
    response = SimpleNamespace(raw=SimpleNamespace(read=lambda amount: b"x" * amount), close=lambda: None)

    assert read_all(HttpRangeBody(response, 70)) == b"x" * 70


def test_a_connection_is_kept_only_when_all_of_the_body_was_read():
    whole, part = Response(b"abcd"), Response(b"ab", b"cd")
    finished, unfinished = HttpRangeBody(whole, 4), HttpRangeBody(part, 4)
    read_all(finished)
    unfinished.readinto(memoryview(bytearray(2)))
    finished.close()
    unfinished.close()

    assert (whole.raw.drained, part.raw.drained) == (True, False)
    assert whole.closed
    assert part.closed


def test_a_connection_that_breaks_while_it_is_given_back_is_no_loss():
    response = Response(b"abcd")
    body = HttpRangeBody(response, 4)
    with contextlib.suppress(RangeFailed):
        read_all(body)

    def drain() -> None:
        raise wire.ProtocolError("gone")

    response.raw.drain_conn = drain
    body.close()

    assert response.closed


class Wire:
    """What http.client reads an answer from: a socket that gives these bytes and ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._data))


def answered(body: bytes, *headers: str) -> Any:
    """An answer as urllib3 has it from http.client."""
    lines = "\r\n".join(["HTTP/1.1 206 Partial Content", *headers, "", ""])
    inner = http.client.HTTPResponse(Wire(lines.encode() + body))  # type: ignore[arg-type]  # all it takes of a socket
    inner.begin()
    raw = urllib3.HTTPResponse(body=inner, headers=dict(inner.getheaders()), preload_content=False)
    return SimpleNamespace(raw=raw, close=raw.close)


def test_bytes_go_from_the_socket_into_the_callers_buffer():
    body = HttpRangeBody(answered(b"abcdefghij", "Content-Length: 10"), 10)

    assert body.is_direct
    assert read_all(body, piece_bytes=4) == b"abcdefghij"


def test_what_was_read_past_urllib3_is_in_its_account():
    response = answered(b"abcdefghij and the next answer", "Content-Length: 10")
    body = HttpRangeBody(response, 10)
    read_all(body)
    body.close()

    assert response.raw._fp.isclosed()


def test_a_connection_that_was_closed_meanwhile_is_an_answer_that_ended():
    response = answered(b"abcdefghij", "Content-Length: 10")
    body = HttpRangeBody(response, 10)
    response.raw._fp.close()

    with pytest.raises(RangeFailed, match="10 bytes early"):
        body.readinto(memoryview(bytearray(4)))


@pytest.mark.parametrize("headers", [["Content-Length: 99"], ["Transfer-Encoding: chunked"], []])
def test_an_answer_framed_otherwise_is_read_by_urllib3(headers):
    assert not HttpRangeBody(answered(b"abcdefghij", *headers), 10).is_direct


def test_a_body_that_ends_early_is_not_whole_either_way():
    body = HttpRangeBody(answered(b"abcd", "Content-Length: 10"), 10)
    assert body.is_direct
    with pytest.raises(RangeFailed, match="6 bytes early"):
        read_all(body)
