"""Sending a body badly: cut, stalled, slowed or with wrong bytes in it."""

from collections.abc import Iterator
from typing import BinaryIO

from imgkit.simulator.messages import PLAIN, ConnectionDropped, Delivery, Response, Sleep
from imgkit.units import KiB, MiB

_SLICES_PER_SECOND = 20  # a slow link trickles: no client should see a whole second's worth at once


def body_pieces(response: Response) -> Iterator[bytes]:
    """Yield the body of a response as it is, in pieces."""
    if response.file is None:
        yield response.body
        return
    response.file.file.seek(response.file.offset)
    yield from _read(response.file.file, response.file.count)


def deliver(pieces: Iterator[bytes], how: Delivery, *, sleep: Sleep) -> Iterator[bytes]:
    """Yield what is to be sent of a body. Raises ConnectionDropped where it is to be cut."""
    if how == PLAIN:
        yield from pieces
        return
    sent = 0
    for piece in _split(pieces, how):
        if how.stall_after is not None and sent == how.stall_after:
            sleep(how.stall_seconds)
        if how.cut_after is not None and sent >= how.cut_after:
            raise ConnectionDropped
        yield _spoil(piece, sent, how)
        sent += len(piece)
        if how.bytes_per_second:
            sleep(len(piece) / how.bytes_per_second)
    if how.cut_after is not None and sent >= how.cut_after:
        raise ConnectionDropped


def _read(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0:
        piece = file.read(min(count, MiB))
        if not piece:
            raise ConnectionDropped  # the file shrank under us: a short body is the honest answer
        count -= len(piece)
        yield piece


def _split(pieces: Iterator[bytes], how: Delivery) -> Iterator[bytes]:
    """Cut pieces so that no boundary of the delivery falls inside one, and none is too large for a slow link."""
    most = max(1, int(how.bytes_per_second / _SLICES_PER_SECOND)) if how.bytes_per_second else 64 * KiB
    marks = sorted({mark for mark in (how.cut_after, how.stall_after) if mark is not None})
    position = 0
    for piece in pieces:
        view = memoryview(piece)
        while view:
            stop = next((mark for mark in marks if mark > position), position + most)
            taken = view[: min(most, stop - position)]
            yield bytes(taken)
            position += len(taken)
            view = view[len(taken) :]


def _spoil(piece: bytes, position: int, how: Delivery) -> bytes:
    """Invert the bytes that are to arrive wrong."""
    if how.wrong_after is None:
        return piece
    first = max(0, how.wrong_after - position)
    last = min(len(piece), how.wrong_after + how.wrong_bytes - position)
    if first >= last:
        return piece
    return piece[:first] + bytes(byte ^ 0xFF for byte in piece[first:last]) + piece[last:]
