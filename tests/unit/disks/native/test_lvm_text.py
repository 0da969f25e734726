"""LVM's own language."""

import pytest

from imgkit.disks.native.lvm_text import number, parse_lvm_text, sections, word, words
from imgkit.errors import CannotLookInside


def test_sections_numbers_strings_and_lists() -> None:
    found = parse_lvm_text('a { b = 5 # five\n c = ["x", 1, "y\\"z"]\n d.e-f { g = "h" } }\nv = 1')
    inside = found["a"]
    assert isinstance(inside, dict)
    assert (number(inside, "b"), words(inside, "c"), word(sections(found, "a")["d.e-f"], "g")) == (
        5,
        ["x", 1, 'y"z'],
        "h",
    )
    assert words(inside, "none") == []
    assert sections(inside, "b") == {}


@pytest.mark.parametrize(
    "text",
    ["a {", "a }", "a = ", "a = [1", "a = {", "a b", "= 5", "a { " * 20, "}", 'a = "open', "a = [ { ]", "\x01"],
)
def test_what_is_no_such_text_is_refused(text: str) -> None:
    with pytest.raises(CannotLookInside):
        parse_lvm_text(text)


def test_what_lacks_is_named() -> None:
    for ask in (number, word):
        with pytest.raises(CannotLookInside, match="lacks"):
            ask({"x": []}, "x")
    with pytest.raises(CannotLookInside, match="number x"):
        number({"x": -1}, "x")
