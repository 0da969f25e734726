"""Tests of disks/padded_view.py."""

import pytest
from tests.unit.disks.fake_view import FakeView

from imgkit.disks.padded_view import PaddedView
from imgkit.model.disk import Extent, ExtentKind


def test_behind_the_end_are_zeroes_up_to_the_size() -> None:
    view = PaddedView(FakeView(b"x" * 10), 16)
    assert view.size == 16
    assert view.read(0, 16) == b"x" * 10 + bytes(6)
    assert view.read(8, 4) == b"xx\0\0"
    assert view.read(12, 4) == bytes(4)
    with pytest.raises(ValueError, match="outside"):
        view.read(12, 5)
    assert list(view.extents()) == [Extent(0, 10, ExtentKind.DATA), Extent(10, 6, ExtentKind.ZERO)]


def test_a_disk_that_fits_is_as_it_was() -> None:
    view = PaddedView(FakeView(b"x" * 10), 10)
    assert view.read(0, 10) == b"x" * 10
    assert list(view.extents()) == [Extent(0, 10, ExtentKind.DATA)]
