import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.config_words import split_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("a  b\tc", ["a", "b", "c"]),
        ("a \"b c\" 'd e'", ["a", "b c", "d e"]),
        (r"a\ b c\"d", ["a b", 'c"d']),
        ('"" x', ["", "x"]),
        ('"never closes', ["never closes"]),
        ("ends\\", ["ends\\"]),
        ("a#b # c", ["a#b"]),
        ('"# no comment"', ["# no comment"]),
    ],
)
def test_words_are_split_as_sshd_does(line, words):
    assert split_words(line, comments=True) == words


def test_a_hash_is_a_letter_where_there_are_no_comments():
    assert split_words("a # b") == ["a", "#", "b"]


@given(st.text(alphabet="ab \t\"'\\#"))
def test_any_line_can_be_split(line):
    assert all(isinstance(word, str) for word in split_words(line, comments=True))
