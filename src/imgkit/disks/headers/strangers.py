"""Formats that imgkit knows by sight and does not read: named, so that nobody takes them for a raw disk."""

from dataclasses import dataclass

from imgkit.disks.headers.image_bytes import ImageBytes

_UNPACK = "Unpack it first: imgkit unpack."
_LOOK = "Look at it: a server may have told there why it gave no image."
_CONVERT = "Convert it to one of raw, vhd, qcow2, vdi or vmdk with the tools of the product that wrote it."


@dataclass(frozen=True, slots=True)
class Stranger:
    name: str
    hint: str


_AT_START = (
    (b"QFI\xfb\0\0\0\1", Stranger("a qcow image of version 1, which imgkit does not read", _CONVERT)),
    (b"QED\0", Stranger("a QED image, which imgkit does not read", _CONVERT)),
    (b"WithoutFreeSpace", Stranger("a Parallels image, which imgkit does not read", _CONVERT)),
    (b"WithouFreSpacExt", Stranger("a Parallels image, which imgkit does not read", _CONVERT)),
    (b"EVF\x09\x0d\x0a\xff\0", Stranger("an EnCase (E01) image, which imgkit does not read", _CONVERT)),
    (b"\x1f\x8b", Stranger("a gzip file, not a disk image", _UNPACK)),
    (b"\xfd7zXZ\0", Stranger("an xz file, not a disk image", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Stranger("a zstd file, not a disk image", _UNPACK)),
    (b"BZh", Stranger("a bzip2 file, not a disk image", _UNPACK)),
    (b"PK\x03\x04", Stranger("a zip file, not a disk image", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Stranger("a 7z file, not a disk image", _UNPACK)),
    (b"<!DOCTYPE", Stranger("a web page, not a disk image", _LOOK)),
    (b"<html", Stranger("a web page, not a disk image", _LOOK)),
    (b"<?xml", Stranger("an XML document, not a disk image", _LOOK)),
)
_TAR = Stranger("a tar archive, not a disk image", _UNPACK)
_DMG = Stranger("an Apple disk image (dmg), which imgkit does not read", _CONVERT)


def name_stranger(source: ImageBytes) -> Stranger | None:
    """Return what the content is, when it is something known that imgkit does not read."""
    start = source.peek(0, 16)
    for magic, stranger in _AT_START:
        if start.startswith(magic):
            return stranger
    if source.peek(257, 5) == b"ustar":
        return _TAR
    return _DMG if source.peek(source.size - 512, 4) == b"koly" else None
