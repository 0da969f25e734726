"""How OSS reads a Range header: it forgives where RFC 9110 would refuse, unless it is told to keep to the standard.

By default a range that is malformed or reaches beyond the end gives the whole object with status 200; with
`x-oss-range-behavior: standard` its end is clipped, and a start beyond the end is status 416.
"""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The bytes to send, and whether that is less than was there by a range."""

    start: int
    length: int
    partial: bool


def resolve_range(header: str, size: int, *, standard: bool) -> Span | None:
    """Return what to send of an object of `size` bytes; None where the range cannot be satisfied."""
    whole = Span(start=0, length=size, partial=False)
    asked = read_range(header)
    if asked is None:
        return whole
    first, last = _absolute(asked, size)
    if 0 <= first <= last < size:
        return Span(start=first, length=last - first + 1, partial=True)
    if not standard:
        return whole
    first, last = max(0, first), min(last, size - 1)
    return Span(start=first, length=last - first + 1, partial=True) if first <= last else None


def read_range(header: str) -> tuple[int | None, int | None] | None:
    """Return both numbers of a single range as they were written; None where there is no well-formed range."""
    found = _RANGE.fullmatch(header.strip().lower())
    if found is None:
        return None
    first, last = (int(text) if text else None for text in found.groups())
    if first is None and last is None:
        return None
    if first is not None and last is not None and first > last:
        return None
    return first, last


def _absolute(asked: tuple[int | None, int | None], size: int) -> tuple[int, int]:
    first, last = asked
    if first is None:
        return size - (last or 0), size - 1
    return first, size - 1 if last is None else last
