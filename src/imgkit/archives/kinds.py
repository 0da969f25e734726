"""What a file is by its content, never by its name: an archive, a bare disk image, a saved error page, nothing."""

import re
from pathlib import Path

from imgkit.archives.tar_block import checksum_fits, resembles_header
from imgkit.files.whole import open_evidence
from imgkit.model.formats import DiskFormat
from imgkit.model.unpacked import ArchiveKind
from imgkit.safe_text import safe_name
from imgkit.units import KiB

HEAD_BYTES = 72 * KiB  # up to and past the superblock of btrfs
TAIL_BYTES = 512

_COMPRESSED = (
    (b"\x1f\x8b", ArchiveKind.GZIP),
    (b"\xfd7zXZ\0", ArchiveKind.XZ),
    (b"BZh", ArchiveKind.BZIP2),
    (b"\x28\xb5\x2f\xfd", ArchiveKind.ZSTD),
)
_STRANGERS = (
    (b"PK\3\4", "a ZIP archive"),
    (b"PK\5\6", "an empty ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\7", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"LZIP", "an lzip file"),
    (b"\x1f\x9d", "a file of compress(1)"),
    (b"\x5d\0\0", "a file of the old lzma format"),
    (b"070701", "a cpio archive"),
    (b"070707", "a cpio archive"),
    (b"!<arch>\n", "an ar archive"),
)
_VHD_COOKIE = b"conectix"
_FORMATS = (
    (0, b"QFI\xfb", DiskFormat.QCOW2),
    (0, b"KDMV", DiskFormat.VMDK),
    (0, b"# Disk DescriptorFile", DiskFormat.VMDK),
    (64, b"\x7f\x10\xda\xbe", DiskFormat.VDI),
    (0, _VHD_COOKIE, DiskFormat.VHD),
)
_RAW_SIGNATURES = (
    (510, b"\x55\xaa"),  # MBR, and the boot sector of FAT and NTFS
    (512, b"EFI PART"),
    (4096, b"EFI PART"),
    (0, b"XFSB"),
    (0, b"LUKS\xba\xbe"),
    (1080, b"\x53\xef"),  # ext2, ext3, ext4
    (512, b"LABELONE"),
    (4086, b"SWAPSPACE2"),
    (0x10040, b"_BHRfS_M"),
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype|html|error|!--|[a-z]+[\s>])", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]\s*(?:[{\[]\s*)*\"")
_OSS_CODE = re.compile(rb"<Code>([^<]{1,80})</Code>")


def what_is(path: Path) -> ArchiveKind:
    """Say what a file is. `DISK` needs no unpacking; of `UNKNOWN` nothing is known. Raises OSError."""
    with open_evidence(path) as file:
        head = file.read(HEAD_BYTES)
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        return kind_of(head, file.read(TAIL_BYTES))


def kind_of(head: bytes, tail: bytes = b"") -> ArchiveKind:
    """Say what something is by its first bytes, and where they are known its last 512."""
    if not head:
        return ArchiveKind.EMPTY
    for magic, kind in _COMPRESSED:
        if head.startswith(magic):
            return kind
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:  # a frame to be skipped, as pzstd begins with
        return ArchiveKind.ZSTD
    if checksum_fits(head[:512]) or resembles_header(head[:512]):
        return ArchiveKind.TAR
    if format_of(head, tail) is not DiskFormat.RAW or has_disk_signature(head):
        return ArchiveKind.DISK
    is_page = _MARKUP.match(head[:KiB]) or _JSON.match(head[:KiB])
    return ArchiveKind.MARKUP if is_page else ArchiveKind.UNKNOWN


def format_of(head: bytes, tail: bytes) -> DiskFormat:
    """Return the format that a disk image's first and last bytes show; raw where they show none."""
    for offset, magic, found in _FORMATS:
        if head.startswith(magic, offset):
            return found
    return DiskFormat.VHD if tail.startswith(_VHD_COOKIE) else DiskFormat.RAW


def has_disk_signature(head: bytes) -> bool:
    """Say whether a raw disk's first bytes show partitions, a file system or a volume manager."""
    return any(head.startswith(magic, offset) for offset, magic in _RAW_SIGNATURES)


def describe_stranger(head: bytes) -> str:
    """Name an archive of a kind that is not opened here; empty where it is none that is known."""
    return next((name for magic, name in _STRANGERS if head.startswith(magic)), "")


def describe_markup(head: bytes) -> str:
    """Say what a saved page is: an error document names its code."""
    if _JSON.match(head[:KiB]):
        return "a JSON document"
    code = _OSS_CODE.search(head)
    return f"an XML error document ({safe_name(code[1])})" if code else "an XML or HTML page"
