"""Tests of pipeline/names.py."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.pipeline.names import local_name, plain_name

KEYS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["..", "/", "-o", ".hidden", "a/../b", "a\0b", "x" * 300, "dir/", "2-disk", "disk", "磁盘"]),
)


@given(st.lists(KEYS, max_size=8))
def test_every_object_gets_a_plain_name_of_its_own(keys):
    taken: list[str] = []
    for key in keys:
        taken.append(local_name(key, otherwise="object", taken=taken))
    assert len(set(taken)) == len(keys)
    for name in taken:
        assert PurePosixPath(name).name == name
        assert name.isascii()
        assert name.isprintable()
        assert not name.startswith(("-", "."))
        assert len(name) < 255


@given(KEYS)
def test_every_key_has_one_plain_name_whatever_else_there_is(key):
    name = plain_name(key)
    assert local_name(name, otherwise="never", taken=()) == name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("case 7/disk (1).raw.tar.gz", "disk__1_.raw.tar.gz"),
        ("磁盘/系统.raw.tar.gz", "__.raw.tar.gz"),
        ("--checkpoint-action=exec", "checkpoint-action=exec"),
        ("a/..", "object"),
        ("磁盘", "object"),
        ("disk.gz.parts.json", "disk.gz.parts.json_"),
        ("x" * 300 + ".gz", "x" * 197 + ".gz"),
    ],
)
def test_signs_that_are_not_plain_become_underscores(key, name):
    assert plain_name(key) == name


def test_a_plain_last_part_of_a_key_is_the_name():
    assert local_name("case/m-1_system.raw.tar.gz", otherwise="object", taken=()) == "m-1_system.raw.tar.gz"


def test_a_name_that_is_no_plain_one_is_replaced():
    assert local_name("case/--checkpoint-action=exec", otherwise="system.object", taken=()) == "system.object"


def test_the_second_of_a_name_is_numbered():
    assert local_name("b/disk.gz", otherwise="object", taken=["disk.gz", "2-disk.gz"]) == "3-disk.gz"


@pytest.mark.parametrize("key", ["a/disk.gz.parts.json", "disk.gz.imgkit.json"])
def test_a_name_that_imgkit_gives_to_files_of_its_own_is_not_taken(key):
    assert local_name(key, otherwise="system.object", taken=()) == "system.object"
