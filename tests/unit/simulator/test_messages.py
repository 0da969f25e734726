"""Requests and responses."""

from io import BytesIO

from tests.unit.simulator.requests_at_rest import request

from imgkit.simulator.messages import FileRange, Response


def test_a_parameter_may_be_there_without_a_value():
    asked = request(target="/?restore&x=1&x=2")
    assert (asked.has("restore"), asked.parameter("restore", "no"), asked.parameter("x")) == (True, "", "1")
    assert (asked.has("y"), asked.parameter("y", "no")) == (False, "no")


def test_a_body_is_read_in_pieces():
    body = request(body=b"abc").body
    assert (body.length, body.read(2), body.read(2), body.read(2)) == (3, b"ab", b"c", b"")


def test_the_length_is_what_is_sent_or_announced():
    assert Response(status=200, body=b"abc").length == 3
    assert Response(status=200, file=FileRange(file=BytesIO(), offset=5, count=7)).length == 7
    assert Response(status=200, announced=9).length == 9


def test_headers_are_found_in_any_case():
    assert Response(status=200, headers=(("ETag", "a"),)).header("etag") == "a"
