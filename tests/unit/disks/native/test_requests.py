"""Requests as they come through a pipe: in pieces, several at once, torn."""

import os
from collections.abc import Iterator

import pytest

from imgkit.disks.native.requests import Requests
from imgkit.disks.native.wire import LARGEST_REQUEST, REQUEST, What


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def request(payload: bytes, length: int | None = None) -> bytes:
    return REQUEST.pack(len(payload) if length is None else length, What.LIST, 1, 2, 3) + payload


def test_several_at_once_are_told_apart_and_it_is_known_whether_one_waits(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    requests = Requests(reading)
    assert requests.none_waits()
    os.write(writing, request(b"/one") + request(b""))
    assert not requests.none_waits()
    each = iter(requests)
    assert next(each) == ([What.LIST, 1, 2, 3], b"/one")
    assert not requests.none_waits()
    assert next(each) == ([What.LIST, 1, 2, 3], b"")
    assert requests.none_waits()
    os.close(writing)
    assert not requests.none_waits()
    assert list(each) == []


@pytest.mark.parametrize("sent", [b"", b"\0", request(b"x", 2), request(b"x", LARGEST_REQUEST + 1)])
def test_what_is_torn_or_endless_is_the_end(pipe: tuple[int, int], sent: bytes) -> None:
    reading, writing = pipe
    os.write(writing, sent)
    os.close(writing)
    assert list(Requests(reading)) == []
