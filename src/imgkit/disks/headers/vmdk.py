"""VMDK (VMware's Virtual Disk Format 5.0): monolithicSparse, streamOptimized, and a descriptor with one flat extent.

Whatever is not understood here to the last word is refused: with the driver named, QEMU takes any text for a descriptor
and opens the files that it names.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from imgkit.disks.headers.header import ImageHeader, Region
from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.disks.headers.vmdk_sparse import MAGIC, SparseFields, VmdkLayout, read_grain_tables, read_sparse_fields
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, MiB

DESCRIPTOR_START = b"# Disk DescriptorFile"
COWD_MAGIC = b"COWD"

_MAX_DESCRIPTOR = MiB
# QEMU writes the content id anew as a number of up to eight digits: where it is shorter than the last one, the end of
# the old text stays behind the new one's NUL. About one VMDK in ten has that.
_LEFTOVER_BYTES = 8
_NO_PARENT = "ffffffff"
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9_.:-]*)\s*=\s*(.*)")
_EXTENT = re.compile(r'(RW|RDONLY|NOACCESS)\s+(\d{1,19})\s+([A-Z0-9]+)(?:\s+"([^"]*)")?(?:\s+(\d{1,19}))?')
_PLAIN_NAME = re.compile(r"[^/\\:\0-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    sectors: int
    kind: str
    name: str
    offset_sectors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Descriptor:
    settings: dict[str, str]
    extents: tuple[_Extent, ...]

    @property
    def create_type(self) -> str:
        return self.settings.get("createtype", "").strip('"')


def read_vmdk(source: ImageBytes) -> ImageHeader:
    """Read a sparse extent with its embedded descriptor, or a descriptor with the one flat extent beside it."""
    start = source.peek(0, 4)
    if start == MAGIC:
        return _read_sparse(source)
    if start == COWD_MAGIC:
        raise source.unsafe("it is a VMDK delta of ESX (COWD), whose bytes lie partly in another file")
    if source.peek(0, len(DESCRIPTOR_START)) == DESCRIPTOR_START:
        return _read_flat(source)
    raise source.malformed("it has neither a VMDK header nor a VMDK descriptor")


def _read_sparse(source: ImageBytes) -> ImageHeader:
    fields = read_sparse_fields(source)
    if not fields.descriptor_sectors or not fields.descriptor_offset:
        raise source.malformed("it is one extent of a split VMDK, without the descriptor that names the others")
    text = source.read(
        fields.descriptor_offset * SECTOR_BYTES,
        min(fields.descriptor_sectors * SECTOR_BYTES, _MAX_DESCRIPTOR),
        "descriptor",
    )
    if b"\0" not in text:  # QEMU reads on until it finds one, and what it finds there we have not judged
        raise source.unsafe("its descriptor has no end")
    descriptor = _parse_descriptor(source, text)
    _refuse_parent(source, descriptor)
    if len(descriptor.extents) > 1:
        raise source.unsafe(f"its descriptor names {len(descriptor.extents)} extents, and only one is in this file")
    source.require_sane_size(fields.capacity * SECTOR_BYTES)
    if fields.is_compressed and not fields.has_markers:
        raise source.malformed("its grains are compressed and have no markers, which tell their lengths")
    layout = VmdkLayout(fields=fields)
    used = read_grain_tables(source, layout)
    return ImageHeader(
        format=DiskFormat.VMDK,
        virtual_size=fields.capacity * SECTOR_BYTES,
        file_size=source.size,
        subformat="streamOptimized" if fields.is_compressed else descriptor.create_type or "monolithicSparse",
        notes=_notes(fields, was_walked=used is not None),
        path=source.path,
        files=(source.path,),
        blocks=layout,
        allocated_bytes=None if used is None else used * layout.block_bytes,
        dirty=fields.unclean,
    )


def _notes(fields: SparseFields, *, was_walked: bool) -> tuple[str, ...]:
    said = {
        "it was not closed properly (unclean shutdown)": fields.unclean,
        "it has too many tables to look through them all": not was_walked,
    }
    return tuple(words for words, holds in said.items() if holds)


def _read_flat(source: ImageBytes) -> ImageHeader:
    if source.size > _MAX_DESCRIPTOR:
        raise source.unsafe(f"its descriptor has {source.size} bytes")
    descriptor = _parse_descriptor(source, source.read(0, source.size, "descriptor"))
    _refuse_parent(source, descriptor)
    extent = _only_flat_extent(source, descriptor)
    source.require_sane_size(extent.sectors * SECTOR_BYTES)
    beside = source.path.parent / extent.name
    _require_plain_file(source, beside, (extent.offset_sectors + extent.sectors) * SECTOR_BYTES)
    return ImageHeader(
        format=DiskFormat.VMDK,
        virtual_size=extent.sectors * SECTOR_BYTES,
        file_size=source.size,
        subformat=descriptor.create_type or "monolithicFlat",
        notes=(f"its bytes lie in {shown(os.fsencode(extent.name))} beside it",),
        path=source.path,
        files=(source.path, beside),
        region=Region(path=beside, offset=extent.offset_sectors * SECTOR_BYTES),
        allocated_bytes=extent.sectors * SECTOR_BYTES,
    )


def _parse_descriptor(source: ImageBytes, text: bytes) -> _Descriptor:
    """Read settings and extents; a line that is neither, nor a comment, is refused."""
    settings: dict[str, str] = {}
    extents = []
    content, _, rest = text.partition(b"\0")
    if len(rest.rstrip(b"\0")) > _LEFTOVER_BYTES:
        raise source.unsafe("its descriptor has more behind its end")
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        words = line.strip(" \t\r")
        if not words or words.startswith("#"):
            continue
        if setting := _SETTING.fullmatch(words):
            settings[setting[1].lower()] = setting[2].strip()
        elif extent := _EXTENT.fullmatch(words):
            extents.append(
                _Extent(
                    sectors=int(extent[2]), kind=extent[3], name=extent[4] or "", offset_sectors=int(extent[5] or 0)
                )
            )
        else:
            raise source.unsafe(f"its descriptor has a line that means nothing: {shown(os.fsencode(words))}")
    return _Descriptor(settings=settings, extents=tuple(extents))


def _refuse_parent(source: ImageBytes, descriptor: _Descriptor) -> None:
    hint = descriptor.settings.get("parentfilenamehint", "")
    if hint or descriptor.settings.get("parentcid", _NO_PARENT).lower() != _NO_PARENT:
        raise source.unsafe(f"it is a delta of another disk, {shown(os.fsencode(hint.strip(chr(34))))}")


def _only_flat_extent(source: ImageBytes, descriptor: _Descriptor) -> _Extent:
    if not descriptor.extents:
        raise source.malformed("its descriptor names no extent")
    if len(descriptor.extents) > 1:
        raise source.unsafe(
            f"its bytes lie in {len(descriptor.extents)} other files",
            hint="Join them with the tool that made them: vmware-vdiskmanager -r, or vmkfstools -i.",
        )
    extent = descriptor.extents[0]
    if extent.kind not in {"FLAT", "VMFS"}:
        raise source.unsafe(f"its bytes lie in another file, an extent of type {shown(extent.kind.encode())}")
    if not _PLAIN_NAME.fullmatch(extent.name) or extent.name in {".", ".."}:
        raise source.unsafe(f"its extent {shown(os.fsencode(extent.name))} is no plain name of a file beside it")
    return extent


def _require_plain_file(source: ImageBytes, beside: Path, needed: int) -> None:
    """A link or a device is refused: it would make the extent a file anywhere."""
    try:
        found = os.lstat(beside)
    except OSError as error:
        raise source.malformed(
            f"its extent {shown(os.fsencode(beside.name))} is not there: {error.strerror}"
        ) from error
    if not stat.S_ISREG(found.st_mode) or found.st_ino == source.path.stat().st_ino:
        raise source.unsafe(f"its extent {shown(os.fsencode(beside.name))} is no regular file of its own")
    if found.st_size < needed:
        raise source.malformed(f"its extent should have {needed} bytes and has {found.st_size}")
