"""Opening a disk image's guest view: guarded first, then read in whichever way its format needs."""

from pathlib import Path

from imgkit.disks.guard import read_header
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.mapped_view import MappedView
from imgkit.disks.nbd_view import NbdView
from imgkit.disks.raw_view import RawView
from imgkit.errors import CannotLookInside
from imgkit.model.disk import DiskImage, Reader


def open_guest_view(
    image: DiskImage, *, allow_backing: Path | None = None, reader: Reader = Reader.IMGKIT
) -> RawView | MappedView | NbdView:
    """Open the bytes that a virtual machine would read, read-only; use it as a `with` block, or call `close`.

    Raises NotADiskImage, DiskImageUnsafe, NotAccessible and NeedsKey; ToolMissing, ToolTooOld and ToolFailed with QEMU.
    """
    return open_guarded(read_header(image.path, stated=image.format, allow_backing=allow_backing), reader=reader)


def open_guarded(header: ImageHeader, *, reader: Reader = Reader.IMGKIT) -> RawView | MappedView | NbdView:
    """Open the guest view of an image whose header has been judged already."""
    if header.unreadable:
        raise CannotLookInside(
            f"{header.path} cannot be read: {header.unreadable}",
            hint="Attach a copy of it once where it was made, or let QEMU mend a copy: qemu-img check -r all COPY.",
        )
    if reader is Reader.QEMU:
        return NbdView(header)
    if header.region is not None:
        return RawView(header)
    if header.blocks is not None and header.backing is None:
        return MappedView(header)
    return NbdView(header)  # an overlay on a file that was allowed; or it is encrypted, which is refused there
