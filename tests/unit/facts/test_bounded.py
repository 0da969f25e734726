from itertools import count

from imgkit.facts.bounded import at_most


def test_a_list_without_end_is_cut_and_says_so():
    assert at_most(count(), 3) == ([0, 1, 2], True)


def test_a_list_that_fits_is_whole():
    assert at_most([1, 2, 3], 3) == ([1, 2, 3], False)
    assert at_most([], 3) == ([], False)
