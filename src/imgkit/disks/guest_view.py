"""Opening a disk image's guest view: guarded first, then read in whichever way its format needs."""

from pathlib import Path

from imgkit.disks.guard import read_header
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.nbd_view import NbdView
from imgkit.disks.raw_view import RawView
from imgkit.model.disk import DiskImage


def open_guest_view(image: DiskImage, *, allow_backing: Path | None = None) -> RawView | NbdView:
    """Open the bytes that a virtual machine would read, read-only; use it as a `with` block, or call `close`.

    Raises NotADiskImage, DiskImageUnsafe, NotAccessible, NeedsKey, ToolMissing, ToolTooOld or ToolFailed.
    """
    return open_guarded(read_header(image.path, stated=image.format, allow_backing=allow_backing))


def open_guarded(header: ImageHeader) -> RawView | NbdView:
    """Open the guest view of an image whose header has been judged already."""
    return RawView(header) if header.region is not None else NbdView(header)
