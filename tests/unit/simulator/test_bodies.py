"""Bodies as they come off the wire."""

from io import BytesIO

import pytest

from imgkit.simulator.bodies import BadBody, ChunkedBody, CountedBody, drain, read_body
from imgkit.simulator.messages import Body, BytesBody
from imgkit.units import MiB


def whole(body: Body) -> bytes:
    return b"".join(iter(lambda: body.read(3), b""))


def test_a_counted_body_ends_where_the_next_request_begins():
    wire = BytesIO(b"0123456789next")
    assert whole(CountedBody(wire, 10)) == b"0123456789"
    assert wire.read() == b"next"


def test_chunks_are_joined_and_trailers_skipped():
    wire = BytesIO(b"4;name=value\r\nabcd\r\n2\r\nef\r\n0\r\nTrailer: x\r\n\r\nnext")
    assert whole(ChunkedBody(wire)) == b"abcdef"
    assert wire.read() == b"next"


@pytest.mark.parametrize("words", [b"", b"zz\r\n", b"-1\r\n", b"5\r\nabc", b"3\r\nabcdef\r\n0\r\n\r\n", b"f" * 300])
def test_malformed_chunks_are_refused(words):
    with pytest.raises(BadBody):
        whole(ChunkedBody(BytesIO(words)))


@pytest.mark.parametrize(
    ("length", "encoding"), [("many", ""), ("-1", ""), ("1", "chunked"), ("", "gzip"), ("9" * 20, ""), ("²", "")]
)
def test_contradictory_headers_are_refused(length, encoding):
    with pytest.raises(BadBody):
        read_body(BytesIO(), length=length, encoding=encoding)


def test_headers_decide_how_a_body_is_read():
    assert read_body(BytesIO(b"abc"), length="2", encoding="").read(9) == b"ab"
    assert read_body(BytesIO(b"1\r\na\r\n0\r\n\r\n"), length="", encoding="Chunked").read(9) == b"a"
    assert read_body(BytesIO(b"abc"), length="", encoding="").read(9) == b""


def test_little_is_drained_and_much_is_not():
    assert drain(BytesBody(b"x"))
    assert not drain(BytesBody(bytes(MiB + 1)))
