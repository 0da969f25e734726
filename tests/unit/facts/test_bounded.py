from itertools import count

from imgkit.facts.bounded import Shared, Words, at_most


def test_a_list_without_end_is_cut_and_says_so():
    assert at_most(count(), 3) == ([0, 1, 2], True)


def test_a_list_that_fits_is_whole():
    assert at_most([1, 2, 3], 3) == ([1, 2, 3], False)
    assert at_most([], 3) == ([], False)


def test_a_list_of_long_records_is_cut_sooner():
    kept, more = at_most(("x" * 1000 for _ in range(100)), 100, most_bytes=10_500)
    assert (len(kept), more) == (10, True)


def test_texts_that_come_again_are_kept_once():
    shared = Shared()
    first, second = ("".join(["am", "d64"]) for _ in range(2))
    assert first is not second
    assert shared(first) is shared(second)


def test_sentences_are_said_once_and_not_without_end():
    words = Words(most=2)
    for text in ("a", "a", "b", "c", "d"):
        words.add(text)
    assert words.all() == ("a", "b", "and 2 more of this kind")
