import json

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
        "x: *a",
        "x: &a [*a]",
        "x: &a {y: {z: *a}}",
        "&a x: &b\n  - *b\n",
        "a: &a 1\n---\nb: *a\n",
        "a: &a " + "x" * 20_000 + "\nb: [" + "*a, " * 100 + "]",
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
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


def test_aliases_are_followed_as_long_as_what_they_repeat_is_little():
    """As cloud-init's own 05_logging.cfg has them."""
    text = "_log:\n - &base |\n   [loggers]\n - &file x\nlog_cfgs:\n - [*base, *file]\n - *file\n"
    assert parse_yaml(text)["log_cfgs"] == [["[loggers]\n", "x"], "x"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<<: {a: 1, b: 2}\nb: 3\n", {"a": "1", "b": "3"}),
        ("<<: [{a: 1}, {a: 2, b: {c: d}}]\n", {"a": "1", "b": {"c": "d"}}),
        ("<<: {<<: {a: 1}, b: 2}\n", {"a": "1", "b": "2"}),
        ("<<: text\na: 1\n", {"<<": "text", "a": "1"}),
    ],
)
def test_a_mapping_has_what_it_merges_below_its_own(text, found):
    assert mapping(parse_yaml(text)) == found


def test_tags_make_nothing_but_text():
    assert parse_yaml("!!python/object/apply:os.system ['x']") == ["x"]


def test_values_of_another_shape_are_nothing():
    assert (mapping("x"), mapping({"a": "1"}), word(["x"]), word("x")) == ({}, {"a": "1"}, "", "x")
    assert (sequence("x"), sequence(None), sequence(["a"]), words(["a", {}])) == (["x"], [], ["a"], ("a",))
    assert (flag("Yes"), flag("off"), flag("maybe"), flag([])) == (True, False, None, None)


@given(
    st.lists(st.sampled_from(["&a ", "*a ", "&b ", "*b ", "[", "]", "{", "}", "x: ", "y", ", ", "\n", "- ", "<<: "]))
)
def test_whatever_aliases_refer_to_it_ends_and_is_small(parts):
    try:
        value = parse_yaml("".join(parts))
    except BadYaml:
        return
    assert len(json.dumps(value)) < 10_000
    mapping(value)


@given(st.text(alphabet="a:-[]{}&*!|>#'\"\n \t%@`,?", max_size=60))
def test_any_text_is_a_value_or_its_own_error(text):
    try:
        parse_yaml(text)
    except BadYaml:
        return
