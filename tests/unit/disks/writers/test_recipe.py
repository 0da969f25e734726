"""Tests of disks/writers/recipe.py: who writes what, and who proves it."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.disks.fake_view import FakeView, honest

from imgkit.disks.format_rules import writing_options
from imgkit.disks.guard import read_header
from imgkit.disks.writers.recipe import Recipe, vmdk_kind, write_image
from imgkit.model.disk import Reader
from imgkit.model.formats import DiskFormat
from imgkit.units import MiB

RAW, VHD, QCOW2, VMDK = DiskFormat.RAW, DiskFormat.VHD, DiskFormat.QCOW2, DiskFormat.VMDK


def recipe(to: DiskFormat, *, compress: bool = False, size: int = MiB, **options: str) -> Recipe:
    return Recipe(to=to, size=size, options=writing_options(to, options, compress=compress), compress=compress)


@pytest.mark.parametrize(
    ("wanted", "here", "prover"),
    [
        (recipe(RAW), True, Reader.IMGKIT),
        (recipe(VHD, subformat="fixed"), True, Reader.IMGKIT),
        (recipe(VMDK, subformat="monolithicFlat"), True, Reader.IMGKIT),
        (recipe(VMDK, subformat="streamOptimized"), True, Reader.QEMU),
        (recipe(VMDK, compress=True), True, Reader.QEMU),
        (recipe(QCOW2, compress=True), True, Reader.QEMU),
        (recipe(QCOW2), False, Reader.IMGKIT),
        (recipe(QCOW2, compress=True, cluster_size="2M"), False, Reader.IMGKIT),
        (recipe(QCOW2, compress=True, compression_type="zlib"), False, Reader.IMGKIT),
        (recipe(VHD), False, Reader.IMGKIT),
        (recipe(DiskFormat.VDI, static="on"), False, Reader.IMGKIT),
        (recipe(VMDK), False, Reader.IMGKIT),
    ],
)
def test_what_takes_knowledge_to_read_is_never_proven_by_who_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: Recipe, here: bool, prover: Reader
) -> None:
    def convert(node: object, target: Path, **_: Any) -> tuple[str, ...]:
        return ("convert",)

    monkeypatch.setattr("imgkit.tools.qemu_img.convert", convert)
    source = tmp_path / "disk.raw"
    source.write_bytes(b"x" * MiB)
    written = write_image(wanted, read_header(source, stated=RAW), FakeView(b"x" * MiB), tmp_path / "disk.vmdk")
    assert (wanted.is_written_here, written.prover) == (here, prover)
    assert written.arguments == (() if here else ("convert",))
    assert written.chunks == (honest(b"x" * MiB) if here else None)


def test_a_disk_is_filled_up_with_zeroes(tmp_path: Path) -> None:
    source = tmp_path / "disk.raw"
    source.write_bytes(b"x" * 1000)
    asked = recipe(VHD, subformat="fixed", size=MiB)
    written = write_image(asked, read_header(source, stated=RAW), FakeView(b"x" * 1000), tmp_path / "disk.vhd")
    assert written.chunks == honest(b"x" * 1000 + bytes(MiB - 1000))


def test_the_descriptor_follows_the_options() -> None:
    kind = vmdk_kind(recipe(VMDK, subformat="streamOptimized", adapter_type="buslogic", toolsversion="7"))
    assert (kind.create_type, kind.adapter, kind.hardware_version) == ("streamOptimized", "buslogic", "4")
    assert kind.tools_version == "7"
    assert vmdk_kind(recipe(VMDK, subformat="monolithicFlat", compat6="on")).hardware_version == "6"
