"""Tests of disks/native/zfs_label.py, on lists that are packed here as OpenZFS packs them."""

import random
import struct
from typing import Any

import pytest

from imgkit.disks.native.zfs_label import CONFIGURATION_BYTES, PoolLabel, read_cache, read_label

TREE = {"type": "mirror", "id": 0, "children": [{"type": "disk"}, {"type": "disk"}]}
MIRROR = {
    "version": 5000,
    "name": "tank",
    "state": 0,
    "pool_guid": (1 << 64) - 5,
    "hostname": "db-1",
    "vdev_children": 2,
    "vdev_tree": TREE,
    "features_for_read": {"com.delphix:hole_birth": None},
}


def _text(word: str) -> bytes:
    raw = word.encode("utf-8", "surrogateescape")
    return struct.pack(">I", len(raw)) + raw + bytes(-len(raw) % 4)


def _value(value: Any) -> tuple[int, int, bytes]:
    match value:
        case None:
            return 1, 0, b""
        case int():
            return 8, 1, struct.pack(">Q", value)
        case str():
            return 9, 1, _text(value)
        case dict():
            return 19, 1, _list(value)
    return 20, len(value), b"".join(map(_list, value))


def _list(values: dict[str, Any]) -> bytes:
    whole = struct.pack(">II", 0, 1)
    for name, value in values.items():
        kind, count, raw = _value(value)
        pair = _text(name) + struct.pack(">II", kind, count) + raw
        whole += struct.pack(">II", len(pair) + 8, len(pair)) + pair
    return whole + bytes(8)


def label(values: dict[str, Any]) -> bytes:
    return (b"\1\1\0\0" + _list(values)).ljust(CONFIGURATION_BYTES, b"\0")


def test_a_label_names_its_pool_how_it_is_made_and_who_used_it_last():
    found = read_label(label(MIRROR))
    assert found == PoolLabel(
        name="tank", guid="18446744073709551611", kind="mirror", disks=2, parts=2, version=5000, host="db-1"
    )
    assert found.words == "mirror of 2 disks, one of 2 parts, last used by db-1"


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"type": "raidz", "nparity": 2, "children": [{}] * 5}, "raidz2 of 5 disks"),
        ({"type": "raidz", "children": [{}] * 3}, "raidz1 of 3 disks"),
        ({"type": "draid", "children": [{}] * 9}, "draid of 9 disks"),
        ({"type": "disk"}, ""),
        ({"type": "file"}, ""),
        ({}, ""),
    ],
)
def test_what_it_is_made_of(tree, words):
    found = read_label(
        label({"name": "p", "pool_guid": 7, "vdev_children": 1, "hostname": "(none)", "vdev_tree": tree})
    )
    assert found is not None
    assert (found.guid, found.words) == ("7", words)


@pytest.mark.parametrize(("state", "kind"), [(3, "spare"), (4, "cache")])
def test_a_spare_knows_no_pool(state, kind):
    found = read_label(label({"version": 5000, "state": state, "guid": 9}))
    assert found == PoolLabel(name="", guid="", kind=kind, version=5000)
    assert (found.is_spare, found.words) == (True, kind)
    assert read_label(label({"version": 5000, "state": 0, "guid": 9})) is None


@pytest.mark.parametrize("raw", [b"", b"\1", b"\0" * 1024, b"\1\1\0\0" + b"\xff" * 1024, b"x" * CONFIGURATION_BYTES])
def test_what_is_none_is_none(raw):
    assert read_label(raw) is None


def test_names_that_are_no_text_are_escaped():
    found = read_label(label({"name": "a\udcff", "pool_guid": 1}))
    assert found is not None
    assert found.name == "a\\xff"


def test_nothing_in_a_damaged_label_is_fatal_and_a_list_in_a_list_in_a_list_is_not_followed():
    chance = random.Random(20261128)
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"vdev_tree": deep}
    assert read_label(label({"name": "deep", "pool_guid": 1, **deep})) is not None
    whole = bytearray(label(MIRROR))
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(600)] = chance.randrange(256)
        found = read_label(bytes(damaged[: chance.choice([len(damaged), chance.randrange(700)])]))
        assert found is None or isinstance(found.words, str)


def test_what_the_tree_of_disks_calls_the_same_is_not_the_pools():
    tree = {"type": "disk", "name": "other", "pool_guid": 9, "hostname": "elsewhere", "vdev_children": 7}
    found = read_label(label({"name": "p", "pool_guid": 1, "vdev_tree": tree}))
    assert found == PoolLabel(name="p", guid="1", kind="disk")


def test_names_are_not_told_beyond_their_length():
    found = read_label(label({"name": "p" * 999, "pool_guid": 1, "hostname": "h" * 90_000}))
    assert found is not None
    assert (len(found.name), len(found.host)) == (255, 255)


def test_a_cache_of_configurations_names_pools_by_their_guids():
    cache = label({"version": 1, "rpool": {"name": "rpool", "pool_guid": 7, "vdev_tree": {"pool_guid": 9}}, "a": {}})
    assert read_cache(cache) == {"7"}


@pytest.mark.parametrize("raw", [b"", b"\1", b"\1\1\0\0" + b"\xff" * 99, b"name\0rpool\0", label({"x": 1})[:30]])
def test_what_is_no_cache_names_none(raw):
    assert read_cache(raw) == frozenset()
