"""The machine whose reading child is no process, for all who ask it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.disks.reading_child import FakeChild, machine_with

from imgkit.disks.machine_native import NativeMachine


@pytest.fixture
def child() -> Iterator[FakeChild]:
    made = FakeChild()
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path: Path, child: FakeChild) -> NativeMachine:
    return machine_with(child, tmp_path)
