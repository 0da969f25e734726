"""Names of strangers are shown as what they are, and do nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.safe_text import safe_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"system.raw", "system.raw"),
        ("磁盘 é.raw", "磁盘 é.raw"),
        (b"\x1b[2J\x07\n\r\t\x7f", "\\x1b[2J\\x07\\x0a\\x0d\\x09\\x7f"),
        ("\x9b2J\x85", "\\u009b2J\\u0085"),
        (b"\xff\x85.raw", "\\xff\\x85.raw"),
        ("\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"),
        ("a\u200bb\ufeff\u2028", "a\\u200bb\\ufeff\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("back\\slash", "back\\\\slash"),
        (b"", ""),
    ],
)
def test_what_does_not_print_is_escaped(name: bytes | str, shown: str) -> None:
    assert safe_name(name) == shown


@given(st.binary(max_size=40))
def test_whatever_it_is_called_it_prints_on_one_line(name: bytes) -> None:
    assert safe_name(name).isprintable()


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_two_names_never_look_the_same(one: bytes, other: bytes) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    shown = safe_name(b"a" * 300 + b".raw", limit=30)
    assert len(shown) == 30
    assert shown.startswith("aaaa")
    assert shown.endswith(".raw")
    assert "…" in shown
    assert safe_name(b"a" * 30, limit=30) == "a" * 30
