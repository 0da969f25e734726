"""Pages of a listing."""

from itertools import chain
from typing import Any

import pytest

from imgkit.simulator.listing import ListPage, ListQuery, list_page, read_token, write_token

KEYS = ["b", "a/2", "a/1", "c/d/1", "c/e", "ü"]


def walk(**words: Any) -> list[list[str]]:
    """Return the names of every page, in order."""
    pages: list[list[str]] = []
    after = ""
    while True:
        page = list_page(KEYS, ListQuery(after=after, **words))
        pages.append(list(page.keys) + list(page.prefixes))
        if not page.go_on_after:
            return pages
        after = page.go_on_after


def test_keys_come_in_the_order_of_their_bytes():
    assert list_page(KEYS, ListQuery()).keys == ("a/1", "a/2", "b", "c/d/1", "c/e", "ü")


def test_a_delimiter_folds_keys_into_folders():
    assert list_page(KEYS, ListQuery(delimiter="/")) == ListPage(keys=("b", "ü"), prefixes=("a/", "c/"))
    assert list_page(KEYS, ListQuery(prefix="c/", delimiter="/")) == ListPage(keys=("c/e",), prefixes=("c/d/",))


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_pages_neither_lose_nor_repeat(most):
    assert list(chain.from_iterable(walk(most=most))) == sorted(KEYS, key=str.encode)
    assert sorted(chain.from_iterable(walk(most=most, delimiter="/"))) == ["a/", "b", "c/", "ü"]


def test_a_full_last_page_is_the_last():
    assert [len(page) for page in walk(most=3)] == [3, 3]


def test_a_token_says_where_to_go_on():
    assert read_token(write_token("a/ü")) == "a/ü"
    assert read_token("not one of ours!") is None
