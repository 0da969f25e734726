"""Records of utmp, wtmp and btmp: both layouts of glibc, in either byte order (utmp(5), its bits/utmp.h).

Where 64-bit programs share the files of 32-bit ones (x86, x86_64, ppc64, s390x, riscv64) a record has 384 bytes and
its times 32 bits; elsewhere (aarch64, loongarch64) it has 400 bytes and its times 64 bits. musl has the latter.
"""

import ipaddress
import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from imgkit.facts.guest import as_text, moment

EMPTY, RUN_LEVEL, BOOT_TIME, NEW_TIME, OLD_TIME, INIT, LOGIN, USER, DEAD, ACCOUNTING = range(10)
_HEAD = "h2xi32s4s32s256shh"
_SHORT_TAIL = "iII16s20x"  # a time beyond 2038 fits without a sign
_LONG_TAIL = "qqq16s20x4x"
_LOOK_AT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class UtmpRecord:
    """One record; texts are cut at their first zero, times are in UTC."""

    kind: int
    pid: int
    terminal: str
    id: str
    user: str
    host: str
    address: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Layout:
    """How records are laid out."""

    form: struct.Struct

    @property
    def size(self) -> int:
        return self.form.size


LAYOUTS = tuple(
    Layout(struct.Struct(order + _HEAD + tail)) for tail in (_SHORT_TAIL, _LONG_TAIL) for order in ("<", ">")
)


_WHOLE_BYTES = math.lcm(*(layout.size for layout in LAYOUTS)) * 16


def choose_layout(data: bytes) -> Layout:
    """Return the layout by which the first records of a file make most sense; the commonest where none does."""
    return max(LAYOUTS, key=lambda layout: (_sense(layout, data), -LAYOUTS.index(layout)))


def read_records(data: bytes) -> Iterator[UtmpRecord]:
    """Yield the whole records of a file; bytes that are left at its end are passed over."""
    return iter(Records([data]))


class Records:
    """The records of a file that comes in pieces; all zero ones, and bytes left at the end, are only counted."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.wiped = 0  # or a hole of the file
        self.left = 0

    def __iter__(self) -> Iterator[UtmpRecord]:
        layout: Layout | None = None
        for data in self._whole():
            layout = layout or choose_layout(data)
            size = layout.size
            for at in range(0, len(data) - size + 1, size):
                if data.count(0, at, at + size) == size:
                    self.wiped += 1
                else:
                    yield _record(layout.form.unpack_from(data, at))
            self.left = len(data) % size

    def _whole(self) -> Iterator[bytes]:
        """Yield pieces that hold whole records of either size, but for the last; the first tells the layout."""
        waiting = b""
        for piece in self._pieces:
            waiting += piece
            whole = len(waiting) - len(waiting) % _WHOLE_BYTES
            if whole and whole < len(waiting):
                yield waiting[:whole]
                waiting = waiting[whole:]
        if waiting:
            yield waiting


def _sense(layout: Layout, data: bytes) -> float:
    """Return which part of the first records could be real."""
    starts = range(0, min(len(data) - layout.size + 1, _LOOK_AT * layout.size), layout.size)
    if not starts:
        return 0.0
    whole = 0.1 if len(data) % layout.size == 0 else 0.0
    return sum(_makes_sense(layout.form.unpack_from(data, at)) for at in starts) / len(starts) + whole


def _makes_sense(fields: tuple[Any, ...]) -> bool:
    kind, pid, terminal, _, user, _, _, _, _, seconds, micros, _ = fields
    return (
        EMPTY <= kind <= ACCOUNTING
        and -1 <= pid < 2**23
        and 0 <= micros < 1_000_000
        and (0 < seconds < 2**33 or kind == EMPTY)
        and text_of(terminal).isprintable()
        and text_of(user).isprintable()
    )


def _record(fields: tuple[Any, ...]) -> UtmpRecord:
    kind, pid, terminal, identity, user, host, _, _, _, seconds, micros, address = fields
    return UtmpRecord(
        kind=kind,
        pid=pid,
        terminal=text_of(terminal),
        id=text_of(identity),
        user=text_of(user),
        host=text_of(host),
        address=_address(address),
        at=_time(seconds, micros),
    )


def text_of(field: bytes) -> str:
    """Return a field of fixed length up to its first zero."""
    return as_text(field.partition(b"\0")[0])


def _time(seconds: int, micros: int) -> datetime | None:
    at = moment(seconds) if seconds else None
    return at + timedelta(microseconds=micros) if at is not None and 0 <= micros < 1_000_000 else at


def _address(raw: bytes) -> str:
    """Return the address: IPv4 in the first four bytes with nothing behind them, else IPv6."""
    if not any(raw):
        return ""
    if not any(raw[4:]):
        return str(ipaddress.IPv4Address(raw[:4]))
    found = ipaddress.IPv6Address(raw)
    return str(found.ipv4_mapped or found)
