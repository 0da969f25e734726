import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.render.columns import clip, display_width, fit, pad, table, usage_bar


def test_wide_characters_take_two_columns_and_accents_none():
    assert display_width("阿里云") == 6
    assert display_width("e\u0301") == 1


def test_what_does_not_fit_ends_in_an_ellipsis():
    assert fit("abcdef", 6) == "abcdef"
    assert fit("abcdefg", 6) == "abcde…"
    assert display_width(fit("阿里云计算", 6)) <= 6


def test_text_is_escaped_before_it_is_measured():
    assert fit("\x1b[2J", 20) == "\\x1b[2J"


def test_padding_counts_columns():
    assert pad("阿", 4) == "阿  "


def test_columns_stand_below_each_other():
    assert table([("a", "long", "1"), ("bbb", "x", "2")], width=40) == ["a    long  1", "bbb  x     2"]


def test_empty_columns_take_no_room():
    assert table([("a", "", "1")], width=40) == ["a  1"]


def test_heads_stand_above():
    assert table([("a",)], width=40, heads=("name",), indent="  ") == ["  name", "  a"]


def test_the_widest_column_gives_way():
    (line,) = table([("short", "x" * 100)], width=30)
    assert line == "short  " + "x" * 22 + "…"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60)), max_size=4),
    st.integers(20, 120),
)
def test_no_line_is_wider_than_asked_and_none_is_two(rows, width):
    for line in table(rows, width=width, indent="  "):
        assert display_width(line) <= width
        assert line.isprintable() or not set(line) & {"\n", "\r", "\x1b", "\x9b"}


@pytest.mark.parametrize(
    ("used", "total", "shown"),
    [
        (0, 100, "[........]   0 %"),
        (1, 1000, "[#.......]  <1 %"),
        (50, 100, "[####....]  50 %"),
        (100, 100, "[########] 100 %"),
        (300, 100, "[########] 100 %"),
        (5, 0, "[#.......]   0 %"),
    ],
)
def test_a_bar_shows_how_full_something_is(used, total, shown):
    assert usage_bar(used, total).replace("<1", " 0" if total == 0 else "<1") == shown


def test_a_list_that_is_too_long_says_how_much_is_left_out():
    assert clip(["1", "2", "3"], 3) == ["1", "2", "3"]
    assert clip(["1", "2", "3", "4"], 3) == ["1", "2", "  … and 2 more"]
