"""What formats hold, and which options are passed on."""

import pytest

from imgkit.disks.format_rules import compresses_by_flag, held_size, writing_options
from imgkit.errors import FormatCannotHold, SettingsError
from imgkit.model.formats import WRITTEN_FORMATS, DiskFormat
from imgkit.units import GiB

OTHERS = [each for each in WRITTEN_FORMATS if each is not DiskFormat.RAW]


def test_raw_keeps_an_odd_size() -> None:
    assert held_size(1001, DiskFormat.RAW) == 1001


@pytest.mark.parametrize("to", OTHERS)
def test_the_others_hold_whole_sectors(to: DiskFormat) -> None:
    assert held_size(1001, to) == 1024
    assert held_size(40 * GiB, to) == 40 * GiB


def test_a_vhd_ends_at_2040_gib() -> None:
    assert held_size(2040 * GiB, DiskFormat.VHD) == 2040 * GiB
    with pytest.raises(FormatCannotHold, match="2040 GiB"):
        held_size(2040 * GiB + 1, DiskFormat.VHD)


def test_a_vhd_always_has_its_exact_size() -> None:
    assert writing_options(DiskFormat.VHD, {"subformat": "fixed"}, compress=False) == {
        "subformat": "fixed",
        "force_size": "on",
    }


@pytest.mark.parametrize(
    ("to", "option"),
    [
        (DiskFormat.QCOW2, "backing_file"),
        (DiskFormat.QCOW2, "data_file"),
        (DiskFormat.QCOW2, "encrypt.format"),
        (DiskFormat.QCOW2, "size"),
        (DiskFormat.VMDK, "backing_file"),
        (DiskFormat.VHD, "force_size"),
        (DiskFormat.RAW, "anything"),
        (DiskFormat.VDI, "static=on,x"),
    ],
)
def test_options_that_reach_elsewhere_or_do_not_exist_are_refused(to: DiskFormat, option: str) -> None:
    with pytest.raises(SettingsError, match=option):
        writing_options(to, {option: "x"}, compress=False)


def test_split_images_are_not_written() -> None:
    with pytest.raises(FormatCannotHold, match="split"):
        writing_options(DiskFormat.VMDK, {"subformat": "twoGbMaxExtentSparse"}, compress=False)


def test_compressing_takes_zstd_and_stream_optimized() -> None:
    assert writing_options(DiskFormat.QCOW2, {}, compress=True)["compression_type"] == "zstd"
    asked = {"compression_type": "zlib"}
    assert writing_options(DiskFormat.QCOW2, asked, compress=True)["compression_type"] == "zlib"
    for compat in ("0.10", "v2"):  # which knows zlib alone
        assert "compression_type" not in writing_options(DiskFormat.QCOW2, {"compat": compat}, compress=True)
    assert writing_options(DiskFormat.VMDK, {}, compress=True)["subformat"] == "streamOptimized"
    assert compresses_by_flag(DiskFormat.QCOW2)
    assert not compresses_by_flag(DiskFormat.VMDK)


def test_vhdx_is_read_alone() -> None:
    with pytest.raises(FormatCannotHold, match="does not write"):
        held_size(GiB, DiskFormat.VHDX)


@pytest.mark.parametrize("to", [DiskFormat.RAW, DiskFormat.VHD, DiskFormat.VDI])
def test_what_cannot_be_compressed_is_refused(to: DiskFormat) -> None:
    with pytest.raises(FormatCannotHold, match="cannot be compressed"):
        writing_options(to, {}, compress=True)


def test_a_flat_vmdk_cannot_be_compressed() -> None:
    with pytest.raises(FormatCannotHold):
        writing_options(DiskFormat.VMDK, {"subformat": "monolithicFlat"}, compress=True)
