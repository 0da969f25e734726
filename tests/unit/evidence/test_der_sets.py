"""Tests of evidence/der_sets.py, on answers built by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.evidence.der_sets import sort_certificates


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    head = bytes([length]) if length < 0x80 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + head + content


def _answer(*certificates: bytes) -> bytes:
    signed = b"".join(_element(0x02, b"x") for _ in range(3)) + _element(0xA0, b"".join(certificates))
    content = _element(0xA0, _element(0x30, signed + _element(0x31, b"signer")))
    return _element(0x30, _element(0x30, b"status") + _element(0x30, _element(0x06, b"oid") + content))


FIRST, SECOND = _element(0x30, b"a" * 10), _element(0x30, b"b" * 300)


def test_unsorted_certificates_are_sorted_and_nothing_else_changes():
    assert sort_certificates(_answer(SECOND, FIRST)) == _answer(FIRST, SECOND)


def test_sorted_ones_stay():
    assert sort_certificates(_answer(FIRST, SECOND)) == _answer(FIRST, SECOND)


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" + b"x" * 9, b"hello"])
def test_what_is_no_answer_comes_back_as_it_is(junk: bytes):
    assert sort_certificates(junk) == junk


@given(st.binary(max_size=60), st.integers(0, 350))
def test_whatever_comes_its_length_and_its_bytes_stay(noise: bytes, place: int):
    answer = _answer(SECOND, FIRST)
    broken = answer[:place] + noise + answer[place:]
    assert sorted(sort_certificates(broken)) == sorted(broken)
