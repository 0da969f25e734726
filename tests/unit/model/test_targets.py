"""Tests of model/targets.py."""

from imgkit.model.formats import DiskFormat
from imgkit.model.profiles import PROFILES
from imgkit.model.targets import Target


def test_a_result_is_named_after_what_it_was_asked_for():
    raw = Target(format=DiskFormat.RAW)
    esxi = Target(format=DiskFormat.VMDK, profile=PROFILES["esxi"])
    e01 = Target(format=DiskFormat.RAW, is_e01=True)
    assert [(each.name, each.suffix) for each in (raw, esxi, e01)] == [
        ("raw", ".raw"),
        ("esxi", ".esxi.vmdk"),
        ("e01", ".E01"),
    ]
