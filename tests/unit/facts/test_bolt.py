"""Tests of facts/bolt.py: a file of Podman's, and small ones that are laid out here page by page."""

import gzip
import random
import struct
from pathlib import Path

import pytest

from imgkit.facts.bolt import BadBolt, BoltFile, Bucket

PAGE = 4096
BRANCH, LEAF, META = 1, 2, 4


@pytest.fixture
def podmans(data_folder: Path) -> bytes:
    return gzip.decompress((data_folder / "podman-4.3.1-bolt_state.db.gz").read_bytes())


def fnv(raw: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in raw:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


def header(number: int, flags: int, count: int = 0, overflow: int = 0) -> bytes:
    return struct.pack("<QHHI", number, flags, count, overflow)


def meta(number: int, *, root: int, txid: int, size: int = PAGE) -> bytes:
    raw = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, size, 0, root, 0, 2, 9, txid)
    return (header(number, META) + raw + struct.pack("<Q", fnv(raw))).ljust(size, b"\0")


def leaf(number: int, rows: dict[bytes, bytes], *, buckets: frozenset[bytes] = frozenset(), pages: int = 1) -> bytes:
    table, words, at = b"", b"", 16 * len(rows)
    for place, (key, value) in enumerate(rows.items()):
        table += struct.pack("<IIII", key in buckets, at + len(words) - 16 * place, len(key), len(value))
        words += key + value
    whole = header(number, LEAF, len(rows), pages - 1) + table + words
    return whole.ljust(pages * PAGE, b"\0")


def branch(number: int, below: dict[bytes, int]) -> bytes:
    table, words, at = b"", b"", 16 * len(below)
    for place, (key, page) in enumerate(below.items()):
        table += struct.pack("<IIQ", at + len(words) - 16 * place, len(key), page)
        words += key
    return (header(number, BRANCH, len(below)) + table + words).ljust(PAGE, b"\0")


def bucket_at(page: int) -> bytes:
    return struct.pack("<QQ", page, 0)


def held(bucket: Bucket) -> dict[bytes, bytes]:
    return {key: value for key, value in bucket.items() if isinstance(value, bytes)}


def test_podmans_own_file_has_its_containers(podmans):
    found = dict(BoltFile.read(podmans).bucket(b"ctr").items())
    assert len(found) == 3
    for one in found.values():
        assert isinstance(one, Bucket)
        assert held(one)[b"config"].startswith(b'{"spec":')


def test_a_tree_of_pages_a_long_value_and_a_bucket_inside_a_page():
    inner = leaf(0, {b"small": b"1"}).rstrip(b"\0")
    data = b"".join(
        (
            meta(0, root=3, txid=4),
            meta(1, root=9, txid=3),
            header(2, 0x10).ljust(PAGE, b"\0"),
            branch(3, {b"a": 4, b"k": 5}),
            leaf(4, {b"a": b"first", b"b": bucket_at(7)}, buckets=frozenset({b"b"})),
            leaf(5, {b"k": b"x" * 5000, b"z": bucket_at(0) + inner}, buckets=frozenset({b"z"}), pages=2),
            leaf(7, {b"deep": b"yes"}),
        )
    )
    found = dict(BoltFile.read(data).bucket().items())
    assert list(found) == [b"a", b"b", b"k", b"z"]
    assert (found[b"a"], found[b"k"]) == (b"first", b"x" * 5000)
    assert held(BoltFile.read(data).bucket(b"b")) == {b"deep": b"yes"}
    assert held(BoltFile.read(data).bucket(b"z")) == {b"small": b"1"}
    with pytest.raises(KeyError):
        BoltFile.read(data).bucket(b"k")


def test_what_was_cut_off_in_its_first_page_is_as_it_was_before():
    old, new = leaf(3, {b"state": b"old"}), leaf(4, {b"state": b"new"})
    torn = meta(1, root=4, txid=5)[:60] + b"\xff" * 20
    free = header(2, 0x10).ljust(PAGE, b"\0")
    assert held(BoltFile.read(meta(0, root=3, txid=4) + torn.ljust(PAGE, b"\0") + free + old + new).bucket()) == {
        b"state": b"old"
    }
    whole = meta(0, root=3, txid=4) + meta(1, root=4, txid=5) + free + old + new
    assert held(BoltFile.read(whole).bucket()) == {b"state": b"new"}
    assert held(BoltFile.read(bytes(PAGE) + whole[PAGE:]).bucket()) == {b"state": b"new"}


def test_a_first_page_that_is_found_at_a_size_of_others_is_refused():
    with pytest.raises(BadBolt, match="no first page"):
        BoltFile.read(bytes(8192) + meta(1, root=3, txid=1))


def test_a_page_is_read_once_and_a_tree_is_no_deeper_than_any():
    twice = meta(0, root=2, txid=1) + meta(1, root=2, txid=0) + branch(2, {b"a": 3, b"b": 3}) + leaf(3, {b"k": b"v"})
    with pytest.raises(BadBolt, match="circle"):
        list(BoltFile.read(twice).bucket().items())
    deep = b"".join(branch(number, {b"a": number + 1}) for number in range(2, 80)) + leaf(80, {b"k": b"v"})
    with pytest.raises(BadBolt, match="none of a tree"):
        list(BoltFile.read(meta(0, root=2, txid=1) + meta(1, root=2, txid=0) + deep).bucket().items())


@pytest.mark.parametrize("data", [b"", b"x" * 64, bytes(2 * PAGE), meta(0, root=0, txid=1, size=PAGE)[:80]])
def test_what_is_no_such_file_is_refused(data):
    with pytest.raises(BadBolt):
        list(BoltFile.read(data).bucket().items())


@pytest.mark.parametrize(
    "pages",
    [
        branch(2, {b"a": 2}),
        branch(2, {b"a": 99}),
        branch(2, {b"a": 3}) + leaf(7, {}),
        header(2, LEAF, 9999).ljust(PAGE, b"\0"),
        header(2, 0x10).ljust(PAGE, b"\0"),
        header(2, LEAF, 0, 500).ljust(PAGE, b"\0"),
        (header(2, LEAF, 1) + struct.pack("<IIII", 0, 16, 4, 1 << 31)).ljust(PAGE, b"\0"),
        (header(2, LEAF, 1) + struct.pack("<IIII", 1, 16, 4, 3)).ljust(PAGE, b"\0"),
    ],
)
def test_what_is_damaged_is_refused(pages):
    data = meta(0, root=2, txid=1) + meta(1, root=2, txid=0) + pages
    with pytest.raises(BadBolt):
        list(BoltFile.read(data).bucket().items())


def test_nothing_in_a_damaged_file_is_fatal_or_has_no_end(podmans):
    chance = random.Random(20261128)
    for _ in range(300):
        damaged = bytearray(podmans)
        for _ in range(20):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            found = dict(BoltFile.read(bytes(damaged)).bucket(b"ctr").items())
            for value in found.values():
                if isinstance(value, Bucket):
                    list(value.items())
        except (BadBolt, KeyError):
            continue


def test_values_that_lie_over_each_other_take_no_more_room_than_the_file():
    count, pages = 200, 64
    room = count * 16
    rows = b"".join(struct.pack("<IIII", 0, room - 16 * one, 1, 200_000) for one in range(count))
    page = (header(2, LEAF, count, pages - 1) + rows).ljust(pages * PAGE, b"x")
    data = meta(0, root=2, txid=1) + meta(1, root=2, txid=0) + page
    taken: list[int] = []
    entries = BoltFile.read(data).bucket().items()
    with pytest.raises(BadBolt, match="over each other"):
        taken.extend(len(value) for _, value in entries if isinstance(value, bytes))
    assert sum(taken) <= 4 * len(data)
