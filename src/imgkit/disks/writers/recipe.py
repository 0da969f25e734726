"""What is to be written, and who writes it: imgkit what it writes faster or must pad, qemu-img all else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imgkit.digests import ChunkDigests
from imgkit.disks.format_rules import compresses_by_flag
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.nodes import build_node, private_folder
from imgkit.disks.padded_view import PaddedView
from imgkit.disks.sparse_copy import copy_sparsely
from imgkit.disks.writers.flat import write_fixed_vhd, write_flat_vmdk
from imgkit.disks.writers.packed_qcow2 import write_packed_qcow2
from imgkit.disks.writers.stream_vmdk import write_stream_vmdk
from imgkit.disks.writers.vmdk_descriptor import VmdkKind
from imgkit.model.disk import Reader
from imgkit.model.formats import DiskFormat
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools import qemu_img

_PACKED_OPTIONS = {"compat": "1.1", "compression_type": "zstd"}  # with any other, qemu-img compresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`size` is that of the disk in the result, which may be larger than the source's: filled up with zeroes.

    `create_type` is what a VMDK's descriptor shall say, empty for the subformat's own word.
    """

    to: DiskFormat
    size: int
    options: Mapping[str, str]
    compress: bool = False
    create_type: str = ""

    @property
    def subformat(self) -> str:
        return self.options.get("subformat", "")

    @property
    def is_packed_qcow2(self) -> bool:
        """Whether it is a compressed qcow2 of the kind that imgkit writes."""
        return self.to is DiskFormat.QCOW2 and self.compress and dict(self.options) == _PACKED_OPTIONS

    @property
    def is_packed(self) -> bool:
        """Whether imgkit itself writes compressed blocks."""
        return self.is_packed_qcow2 or (self.to is DiskFormat.VMDK and self.subformat == "streamOptimized")

    @property
    def is_written_here(self) -> bool:
        """Whether imgkit writes it, and no program."""
        flat = {DiskFormat.VHD: "fixed", DiskFormat.VMDK: "monolithicFlat"}
        return self.to is DiskFormat.RAW or self.is_packed or self.subformat == flat.get(self.to, "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`chunks` are the digests of what was read for it, None where a program did the reading.

    `prover` is who reads it back: never who wrote it, where it takes any knowledge to read.
    """

    prover: Reader
    chunks: ChunkDigests | None = None
    arguments: tuple[str, ...] = ()


def write_image(
    recipe: Recipe, header: ImageHeader, source: GuestView, target: Path, *, progress: Progress = NULL_PROGRESS
) -> Written:
    """Write `target`, which must not exist. Nothing is durable or proven yet when this returns.

    Raises NoRoom, NotAccessible, FormatCannotHold, ToolMissing, ToolTooOld, ToolFailed, and what the source raises.
    """
    title = f"Converting to {recipe.to}"
    if recipe.is_written_here:
        chunks = _write_here(recipe, PaddedView(source, recipe.size), target, progress, title)
        return Written(chunks=chunks, prover=Reader.QEMU if recipe.is_packed else Reader.IMGKIT)
    with private_folder() as folder, progress.bar(title, total=100, unit="%") as bar:
        arguments = qemu_img.convert(
            build_node(header, folder),
            target,
            to=recipe.to,
            virtual_size=recipe.size,
            options=recipe.options,
            compress=recipe.compress and compresses_by_flag(recipe.to),
            on_percent=lambda percent: bar.set_done(int(percent)),
        )
    return Written(arguments=arguments, prover=Reader.IMGKIT)


def _write_here(recipe: Recipe, view: GuestView, target: Path, progress: Progress, title: str) -> ChunkDigests:
    if recipe.to is DiskFormat.RAW:  # QEMU would pad an odd size
        return copy_sparsely(view, target, progress=progress, title=title)
    if recipe.to is DiskFormat.VHD:
        return write_fixed_vhd(view, target, progress=progress, title=title)
    if recipe.to is DiskFormat.QCOW2:
        return write_packed_qcow2(view, target, progress=progress, title=title)
    kind = vmdk_kind(recipe)
    write = write_stream_vmdk if recipe.is_packed else write_flat_vmdk
    return write(view, target, kind=kind, progress=progress, title=title)


def vmdk_kind(recipe: Recipe) -> VmdkKind:
    """Return what the descriptor says, by the words of qemu-img's options."""
    options = recipe.options
    return VmdkKind(
        create_type=recipe.create_type or recipe.subformat,
        adapter=options.get("adapter_type", "ide"),
        hardware_version=options.get("hwversion", "6" if options.get("compat6") == "on" else "4"),
        tools_version=options.get("toolsversion", "2147483647"),
    )
