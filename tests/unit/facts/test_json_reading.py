import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.json_reading import BadJson, mapping, number, parse_json, sequence, word, words


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, '"' + "x" * 9_000_000 + '"', "\ufeff{}"])
def test_what_is_no_json_or_grows_is_refused(text):
    with pytest.raises(BadJson):
        parse_json(text)


def test_values_of_another_shape_are_nothing():
    assert (mapping([]), mapping({"a": 1}), sequence({}), sequence([1])) == ({}, {"a": 1}, [], [1])
    assert (word(1), word("x"), words(["a", 1]), words("ab")) == ("", "x", ("a",), ())
    assert (number(True), number("1"), number(1.5), number(None)) == (None, None, 1.5, None)
    assert parse_json("[NaN, " + "9" * 5000 + "]") == [None, 0]


@given(st.text(alphabet='{}[]",:0123456789.eE-+\\u truefalsn', max_size=60))
def test_any_text_is_a_value_or_its_own_error(text):
    try:
        parse_json(text)
    except BadJson:
        return
