"""Tests of disks/headers/header.py."""

from imgkit.disks.headers.header import Geometry


def test_a_geometry_is_worth_its_sectors():
    assert Geometry(cylinders=65535, heads=16, sectors=255).sector_count * 512 == 136_899_993_600
