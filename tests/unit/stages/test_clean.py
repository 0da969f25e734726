"""Tests of stages/clean.py."""

from dataclasses import replace

import pytest
from tests.unit.stages.cloud_fakes import FakeStore

from imgkit.errors import ObjectChanged
from imgkit.stages.clean import delete_object, find_leftovers


def test_what_is_there_is_told_from_what_is_gone():
    store = FakeStore(keys={"a": 1, "b": 2})
    known = [store.describe("a"), replace(store.describe("b"), key="gone")]
    left = find_leftovers(lambda _: store, known)
    assert [each.key for each in left.there] == ["a"]
    assert left.gone == ("gone",)


@pytest.mark.parametrize("change", [{"etag": "other"}, {"size": 9}])
def test_an_object_that_is_another_by_now_is_left_alone(change):
    store = FakeStore(keys={"a": 1})
    with pytest.raises(ObjectChanged, match="oss://evidence/a"):
        find_leftovers(lambda _: store, [replace(store.describe("a"), **change)])


def test_exactly_these_objects_are_deleted():
    store = FakeStore(keys={"a": 1, "b": 2})
    delete_object(lambda _: store, store.describe("b"))
    assert store.deleted == ["b"]


def test_each_object_is_looked_for_in_its_own_bucket():
    stores = {"one": FakeStore(keys={"a": 1}, bucket="one"), "two": FakeStore(keys={"b": 1}, bucket="two")}
    known = [stores["one"].describe("a"), stores["two"].describe("b")]
    assert find_leftovers(stores.__getitem__, known).there == tuple(known)
