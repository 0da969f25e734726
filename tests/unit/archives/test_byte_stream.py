"""Blocks read as if they were one run of bytes."""

from imgkit.archives.byte_stream import ByteStream

BLOCKS = [b"abc", b"", b"d", b"efgh"]


def test_looking_takes_nothing() -> None:
    stream = ByteStream(BLOCKS)
    assert stream.peek(5) == b"abcde"
    assert stream.peek(2) == b"ab"
    assert stream.position == 0
    assert stream.read(6) == b"abcdef"
    assert stream.position == 6


def test_only_the_end_is_short() -> None:
    stream = ByteStream(BLOCKS)
    assert stream.peek(100) == stream.read(100) == b"abcdefgh"
    assert stream.read(1) == b""
    assert len(stream.take(1)) == 0


def test_views_cover_exactly_what_was_asked_for() -> None:
    stream = ByteStream(BLOCKS)
    stream.read(1)
    assert [bytes(view) for view in stream.views(5)] == [b"bc", b"d", b"ef"]
    assert (stream.position, stream.read(9)) == (6, b"gh")


def test_what_is_given_back_comes_again() -> None:
    stream = ByteStream(BLOCKS)
    taken = bytes(stream.take(3))
    stream.give_back(taken[1:])
    assert (stream.position, stream.read(4)) == (1, b"bcde")
    stream.give_back(b"e")
    assert stream.read(9) == b"efgh"
