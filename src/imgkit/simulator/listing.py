"""Listing a bucket: prefix, delimiter, pages. Pure, over the keys in order."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What is asked of a listing. `after` is a key or a common prefix, exclusive."""

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    most: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page: keys and common prefixes, and what to go on after; empty on the last page."""

    keys: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    go_on_after: str = ""


def list_page(keys: Iterable[str], query: ListQuery) -> ListPage:
    """Return one page of the keys of a bucket. OSS orders keys by their UTF-8 bytes."""
    entries = _entries(sorted(keys, key=str.encode), query)
    page = list(islice(entries, query.most))
    more = next(entries, None) is not None
    return ListPage(
        keys=tuple(name for name, is_prefix in page if not is_prefix),
        prefixes=tuple(name for name, is_prefix in page if is_prefix),
        go_on_after=page[-1][0] if more and page else "",
    )


def write_token(after: str) -> str:
    """Return a continuation token: opaque to clients, and it says where to go on."""
    return base64.urlsafe_b64encode(after.encode()).decode()


def read_token(token: str) -> str | None:
    """Read a continuation token; None where it is none of ours."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None


def _entries(keys: Iterable[str], query: ListQuery) -> Iterator[tuple[str, bool]]:
    """Yield keys, and common prefixes once each."""
    last = ""
    for key in keys:
        if not key.startswith(query.prefix):
            continue
        name, is_prefix = _fold(key, query)
        if name == last or name.encode() <= query.after.encode():
            continue
        last = name
        yield name, is_prefix


def _fold(key: str, query: ListQuery) -> tuple[str, bool]:
    if not query.delimiter:
        return key, False
    head, found, _ = key[len(query.prefix) :].partition(query.delimiter)
    return (query.prefix + head + found, True) if found else (key, False)
