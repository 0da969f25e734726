"""Tests of stages/restore.py."""

from dataclasses import dataclass, field, replace

from tests.unit.stages.cloud_fakes import FakeStore

from imgkit.model.cloud_object import ObjectInfo
from imgkit.stages.restore import begin_restores, restore_object

READY, RUNNING = 'ongoing-request="false", expiry-date="x"', 'ongoing-request="true"'


@dataclass
class FrozenStore(FakeStore):
    """Says these x-oss-restore headers in turn."""

    headers: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def describe(self, key: str) -> ObjectInfo:
        header = self.headers.pop(0) if len(self.headers) > 1 else self.headers[0]
        return replace(super().describe(key), storage_class="Archive", restore=header)

    def restore(self, key: str, *, days: int) -> None:
        self.asked.append(days)


def test_an_object_that_is_not_frozen_is_not_asked_for():
    store = FrozenStore(keys={"k": 1}, headers=[READY])
    restore_object(store, "k", sleep=lambda _: None)
    assert not store.asked


def test_a_frozen_object_is_asked_for_once_and_waited_for():
    store = FrozenStore(keys={"k": 1}, headers=["", RUNNING, RUNNING, READY])
    slept: list[float] = []
    assert not restore_object(store, "k", sleep=slept.append).frozen
    assert len(store.asked) == 1
    assert slept == [1, 2]


def test_all_that_are_frozen_are_asked_for_at_once():
    store = FrozenStore(keys={"a": 1, "b": 1, "c": 1}, headers=["", READY, RUNNING])
    begin_restores(store, ["a", "b", "c"])
    assert len(store.asked) == 2
