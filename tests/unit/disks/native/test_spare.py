"""Tests of disks/native/spare.py; what a spare child does is tested in tests/integration/test_native_engine.py."""

import sys

import pytest

from imgkit.disks.native import spare
from imgkit.disks.native.spare import start_spare, take_spare


def test_where_no_spare_child_can_be_started_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare, "WORKER", (sys.executable + "-that-is-not-there",))
    start_spare()
    assert take_spare() is None
