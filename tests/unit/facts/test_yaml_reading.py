import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.yaml_reading import BadYaml, flag, mapping, parse_yaml, sequence, word, words


def test_everything_is_text_lists_and_mappings():
    assert parse_yaml("a: [1, yes, 2024-01-01]\nb: {c: 0x10}\n") == {
        "a": ["1", "yes", "2024-01-01"],
        "b": {"c": "0x10"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "x: &a 1\ny: *a",
        "[" * 100_000,
        "- " * 50_000,
        "a: !!python/object/apply:os.system ['x']\n\tb",
        "\x00",
        "x" * 2_000_000,
    ],
)
def test_what_is_no_yaml_or_grows_is_refused(text):
    with pytest.raises(BadYaml):
        parse_yaml(text)


def test_tags_make_nothing_but_text():
    assert parse_yaml("!!python/object/apply:os.system ['x']") == ["x"]


def test_values_of_another_shape_are_nothing():
    assert (mapping("x"), mapping({"a": "1"}), word(["x"]), word("x")) == ({}, {"a": "1"}, "", "x")
    assert (sequence("x"), sequence(None), sequence(["a"]), words(["a", {}])) == (["x"], [], ["a"], ("a",))
    assert (flag("Yes"), flag("off"), flag("maybe"), flag([])) == (True, False, None, None)


@given(st.text(alphabet="a:-[]{}&*!|>#'\"\n \t%@`,?", max_size=60))
def test_any_text_is_a_value_or_its_own_error(text):
    try:
        parse_yaml(text)
    except BadYaml:
        return
