"""How OSS reads ranges, by the page on range requests of its documentation."""

import pytest

from imgkit.simulator.ranges import Span, read_range, resolve_range

SIZE = 1000


def span(header: str, *, standard: bool, size: int = SIZE) -> tuple[int, int] | str | None:
    found = resolve_range(header, size, standard=standard)
    if found is None:
        return None
    return (found.start, found.start + found.length - 1) if found.partial else "whole"


@pytest.mark.parametrize("standard", [False, True])
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", (0, 499)),
        ("bytes=500-999", (500, 999)),
        ("bytes=500-", (500, 999)),
        ("bytes=-100", (900, 999)),
        ("bytes=-1000", (0, 999)),
        ("bytes=999-999", (999, 999)),
        ("", "whole"),
        ("bytes=500-400", "whole"),
        ("bytes=0-1,5-6", "whole"),
        ("bytes=-", "whole"),
        ("lines=0-1", "whole"),
        ("bytes=a-b", "whole"),
    ],
)
def test_a_range_within_the_object_or_none_at_all(header, expected, standard):
    assert span(header, standard=standard) == expected


@pytest.mark.parametrize(
    ("header", "forgiving", "standard"),
    [
        ("bytes=500-1000", "whole", (500, 999)),
        ("bytes=999-5000", "whole", (999, 999)),
        ("bytes=1000-", "whole", None),
        ("bytes=1000-1001", "whole", None),
        ("bytes=-2000", "whole", (0, 999)),
        ("bytes=-0", "whole", None),
    ],
)
def test_a_range_beyond_the_object(header, forgiving, standard):
    assert (span(header, standard=False), span(header, standard=True)) == (forgiving, standard)


def test_an_empty_object_has_no_ranges():
    assert span("bytes=0-0", standard=True, size=0) is None
    assert resolve_range("bytes=0-0", 0, standard=False) == Span(start=0, length=0, partial=False)


def test_both_numbers_are_read_as_they_stand():
    assert (read_range("bytes=5-"), read_range("bytes=-5"), read_range("bytes=9-5")) == ((5, None), (None, 5), None)
