"""The guard before every program of QEMU's family: what a file is by its content, and whether it stands alone.

QEMU follows what a header names (backing files, data files, extents) whatever format it was told; so the headers are
read here first, and nothing that reaches for another file is handed on. CVE-2010-3851, CVE-2024-32498, CVE-2026-24708.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.headers.image_bytes import ImageBytes, shown
from imgkit.disks.headers.qcow2 import MAGIC as QCOW2_MAGIC
from imgkit.disks.headers.qcow2 import read_qcow2
from imgkit.disks.headers.raw import read_raw
from imgkit.disks.headers.strangers import name_stranger
from imgkit.disks.headers.vdi import SIGNATURE, SIGNATURE_OFFSET, read_vdi
from imgkit.disks.headers.vhd import COOKIE, has_end_footer, read_vhd
from imgkit.disks.headers.vhdx import MAGIC as VHDX_MAGIC
from imgkit.disks.headers.vhdx import read_vhdx
from imgkit.disks.headers.vmdk import COWD_MAGIC, DESCRIPTOR_START, read_vmdk
from imgkit.disks.headers.vmdk_sparse import MAGIC as VMDK_MAGIC
from imgkit.errors import NotAccessible, NotADiskImage
from imgkit.files.whole import open_evidence
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES

_READERS: dict[DiskFormat, Callable[[ImageBytes], ImageHeader]] = {
    DiskFormat.RAW: read_raw,
    DiskFormat.VHD: read_vhd,
    DiskFormat.QCOW2: read_qcow2,
    DiskFormat.VDI: read_vdi,
    DiskFormat.VMDK: read_vmdk,
    DiskFormat.VHDX: read_vhdx,
}
_BACKING_FORMATS = {"raw": DiskFormat.RAW, "qcow2": DiskFormat.QCOW2}
_MAX_CHAIN = 16


def identify(path: Path) -> DiskFormat:
    """Return the format that the content of a file has; its name is never asked.

    Raises NotADiskImage for what is no disk image of these formats, naming what it is where that is known.
    """
    with _opened(path) as source:
        return _identify(source)


def read_header(
    path: Path, *, stated: DiskFormat | None, allow_backing: Path | None = None, salvage: bool = False
) -> ImageHeader:
    """Read and judge a disk image's header. `stated` is the format that the user or the image set says it has.

    A backing file is refused unless it lies inside the folder `allow_backing`. Raises NotADiskImage when the content
    is damaged or not of the stated format, DiskImageUnsafe when it reaches for other files or claims absurd sizes.
    With `salvage`, blocks that are not there, as in a file cut short, are notes and no error.
    """
    if not salvage:
        return _read_chain(path, stated, allow_backing, above=())
    with _opened(path, salvage=True) as source:
        header = _READERS[stated or _identify(source)](source)
        if header.backing_name:
            raise source.unsafe(f"it is an overlay on another file, {shown(header.backing_name)}")
        return replace(header, notes=(*header.notes, *source.losses))


def _read_chain(
    path: Path, stated: DiskFormat | None, allow_backing: Path | None, *, above: tuple[Path, ...]
) -> ImageHeader:
    with _opened(path) as source:
        header = _READERS[stated or _identify(source)](source)
        if stated is DiskFormat.RAW:
            header = _note_other_content(source, header)
        if not header.backing_name:
            return header
        beside = _judge_backing(source, header, allow_backing, above)
    backing = _read_chain(
        beside, _BACKING_FORMATS[header.backing_format], allow_backing, above=(*above, path.resolve())
    )
    return replace(header, backing=backing, files=header.files + backing.files)


def _judge_backing(
    source: ImageBytes, header: ImageHeader, allow_backing: Path | None, above: tuple[Path, ...]
) -> Path:
    """Return the backing file, if it is one that the caller allowed."""
    name = shown(header.backing_name)
    if allow_backing is None:
        raise source.unsafe(
            f"it is an overlay on another file, {name}",
            hint="Flatten it where it was made (qemu-img convert), or allow the folder of its backing file by name.",
        )
    if b":" in header.backing_name or b"\0" in header.backing_name:
        raise source.unsafe(f"its backing file {name} is no plain path")
    if header.backing_format not in _BACKING_FORMATS:
        raise source.unsafe(f"it does not state that its backing file {name} is raw or qcow2; a guess could be misled")
    beside = (source.path.parent / os.fsdecode(header.backing_name)).resolve()
    if not beside.is_relative_to(allow_backing.resolve()):
        raise source.unsafe(f"its backing file {name} lies outside {allow_backing}")
    if beside in (*above, source.path.resolve()) or len(above) >= _MAX_CHAIN:
        raise source.unsafe(f"its chain of backing files comes back to {name} or never ends")
    return beside


@contextmanager
def _opened(path: Path, *, salvage: bool = False) -> Iterator[ImageBytes]:
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise NotADiskImage(f"{path} is no regular file", hint="Give a file that holds a disk image.")
        with open_evidence(path) as file:
            source = ImageBytes(file, path, salvage=salvage)
            if source.size == 0:
                raise source.malformed("it is empty")
            yield source
    except OSError as error:
        raise NotAccessible(
            f"cannot read {path}: {error.strerror or error}", hint="Check the path and who may read it."
        ) from error


def _identify(source: ImageBytes) -> DiskFormat:
    found = _claimed_by_start(source) or (DiskFormat.VHD if has_end_footer(source) else None)
    if found is not None:
        return found
    stranger = name_stranger(source)
    if stranger is not None:
        raise source.malformed(f"it is {stranger.name}", hint=stranger.hint)
    if source.peek(source.size - SECTOR_BYTES, 8) == COOKIE:
        raise source.malformed(
            "its last sector begins like a VHD's footer, and its checksum does not fit",
            hint="State whether it is a damaged VHD or a raw disk that ends like this.",
        )
    if source.size % SECTOR_BYTES:
        raise source.malformed(
            f"it has no header of a disk image, and {source.size} bytes are no whole number of sectors",
            hint="If it is a raw disk image all the same, state its format as raw.",
        )
    return DiskFormat.RAW


def _claimed_by_start(source: ImageBytes) -> DiskFormat | None:
    start = source.peek(0, SECTOR_BYTES)
    if start.startswith(QCOW2_MAGIC) and start[4:8] != b"\0\0\0\1":
        return DiskFormat.QCOW2
    if start.startswith((VMDK_MAGIC, COWD_MAGIC, DESCRIPTOR_START)):
        return DiskFormat.VMDK
    if start.startswith(COOKIE):
        return DiskFormat.VHD
    if start.startswith(VHDX_MAGIC):
        return DiskFormat.VHDX
    if start[SIGNATURE_OFFSET : SIGNATURE_OFFSET + 4] == SIGNATURE:
        return DiskFormat.VDI
    return None


def _note_other_content(source: ImageBytes, header: ImageHeader) -> ImageHeader:
    """A guest may write anything into its first sector; that makes its raw disk no other format, but worth a word."""
    claimed = _claimed_by_start(source)
    if claimed is None:
        return header
    return replace(header, notes=(*header.notes, f"it begins like a {claimed} image, and is read as raw as stated"))
