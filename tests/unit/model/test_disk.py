"""Tests of model/disk.py."""

from imgkit.model.disk import Extent, ExtentKind


def test_an_extent_ends_where_the_next_begins():
    assert Extent(4096, 512, ExtentKind.DATA).end == 4608
