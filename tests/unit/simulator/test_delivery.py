"""Bodies delivered badly; nothing here sleeps."""

from io import BytesIO

import pytest

from imgkit.simulator.delivery import body_pieces, deliver
from imgkit.simulator.messages import ConnectionDropped, Delivery, FileRange, Response

DATA = bytes(range(200))


def delivered(how: Delivery, pieces: int = 3) -> tuple[bytes, bool, list[tuple[int, float]]]:
    """Return what arrives, whether the connection was dropped, and the pauses with the bytes before each."""
    arrived, dropped = bytearray(), False
    pauses: list[tuple[int, float]] = []
    step = -(-len(DATA) // pieces)
    body = iter([DATA[start : start + step] for start in range(0, len(DATA), step)])
    try:
        for piece in deliver(body, how, sleep=lambda seconds: pauses.append((len(arrived), seconds))):
            arrived.extend(piece)
    except ConnectionDropped:
        dropped = True
    return bytes(arrived), dropped, pauses


def test_a_plain_delivery_changes_nothing():
    assert delivered(Delivery()) == (DATA, False, [])


@pytest.mark.parametrize("pieces", [1, 3, 50])
@pytest.mark.parametrize("after", [0, 1, 100, 199])
def test_a_cut_lets_exactly_so_much_through(after, pieces):
    assert delivered(Delivery(cut_after=after), pieces) == (DATA[:after], True, [])


def test_a_cut_behind_the_end_is_none():
    assert delivered(Delivery(cut_after=201)) == (DATA, False, [])


def test_a_stall_comes_after_so_many_bytes():
    assert delivered(Delivery(stall_after=70, stall_seconds=9)) == (DATA, False, [(70, 9)])


def test_a_slow_link_sleeps_as_long_as_its_bytes_take():
    arrived, dropped, pauses = delivered(Delivery(bytes_per_second=100))
    assert (arrived, dropped, round(sum(seconds for _, seconds in pauses), 6)) == (DATA, False, 2.0)
    assert len(pauses) >= 20


@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_wrong_bytes_are_where_they_should_be(pieces):
    arrived, _, _ = delivered(Delivery(wrong_after=65, wrong_bytes=4), pieces)
    assert [place for place in range(200) if arrived[place] != DATA[place]] == [65, 66, 67, 68]


def test_a_file_is_read_from_its_offset():
    response = Response(status=206, file=FileRange(file=BytesIO(DATA), offset=10, count=20))
    assert b"".join(body_pieces(response)) == DATA[10:30]


def test_a_file_that_shrank_drops_the_connection():
    response = Response(status=200, file=FileRange(file=BytesIO(DATA), offset=0, count=300))
    with pytest.raises(ConnectionDropped):
        list(body_pieces(response))
