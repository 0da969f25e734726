"""Tests of model/formats.py."""

from imgkit.model.formats import DiskFormat


def test_qemu_calls_vhd_vpc_and_the_others_by_their_names():
    assert [each.qemu_name for each in DiskFormat] == ["raw", "vpc", "qcow2", "vdi", "vmdk", "vhdx"]
    assert DiskFormat.VHD.suffix == ".vhd"
