"""What a stretch of a disk holds, by the signatures that formats leave; types are called as blkid calls them."""

import json
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from imgkit.disks.native.volume import Bytes
from imgkit.disks.native.zfs_label import CONFIGURATION, CONFIGURATION_BYTES, read_label
from imgkit.errors import CannotLookInside
from imgkit.units import KiB, MiB

LVM, MD = "LVM2_member", "linux_raid_member"
ZFS_MEMBER, ZFS_SPARE = "zfs_member", "zfs_spare"  # the latter, a spare or a cache, holds nothing that is not elsewhere
MEMBERS = frozenset({LVM, MD, ZFS_MEMBER, ZFS_SPARE, "bcache", "LDM_member", "DRBD", "oracleasm", "VMFS_volume_member"})
_PAGE_SIZES = (4 * KiB, 8 * KiB, 16 * KiB, 64 * KiB)
_MD_MAGIC = b"\xfc\x4e\x2b\xa9"
_MD_OLD_BYTES = 64 * KiB
_MD_OLD_OWN = 992 * 4  # where a superblock 0.90 describes the device that it stands on
_LARGEST_LUKS_HEADER = 4 * MiB
_LABEL_BYTES, _UBERBLOCKS, _UBERBLOCK_BYTES, _UBERBLOCK = 256 * KiB, 128 * KiB, 128 * KiB, 0x00BAB10C
# Signatures that say all by themselves: where, what, the type.
_PLAIN = (
    (0, b"hsqs", "squashfs"),
    (0, b"sqsh", "squashfs"),
    (0, b"PRIVHEAD", "LDM_member"),
    (32, b"NXSB", "apfs"),
    (32, b"ORCLDISK", "oracleasm"),
    (1024, b"\xe2\xe1\xf5\xe0", "erofs"),
    (1024, b"H+\x00\x04", "hfsplus"),
    (1024, b"HX\x00\x05", "hfsplus"),
    (1030, b"\x34\x34", "nilfs2"),
    (2048, b"OCFSV2", "ocfs2"),
    (4096, b"OCFSV2", "ocfs2"),
    (32768, b"JFS1", "jfs"),
    (32769, b"CD001", "iso9660"),
    (65536, b"\x01\x16\x19\x70", "gfs2"),
    (65588, b"ReIsErFs", "reiserfs"),
    (65588, b"ReIsEr2Fs", "reiserfs"),
    (65588, b"ReIsEr3Fs", "reiserfs"),
    (65600, b"ReIsEr4", "reiser4"),
    (1 * MiB, b"\x0d\xd0\x01\xc0", "VMFS_volume_member"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What was recognised; `detail` is what else the header says: a cipher, a RAID level.

    `number` is that of an array's device among all of them; -1 where there is none.
    """

    type: str
    label: str = ""
    uuid: str = ""
    detail: str = ""
    size_bytes: int | None = None
    used_bytes: int | None = None
    number: int = -1


class _Head:
    """Reads that give nothing where the volume is too small."""

    def __init__(self, volume: Bytes) -> None:
        self._volume = volume
        self._first = volume.read(0, min(volume.size, 68 * KiB))
        self.size = volume.size

    def at(self, offset: int, length: int) -> bytes:
        if offset >= 0 and offset + length <= len(self._first):
            return self._first[offset : offset + length]
        return self._volume.read(offset, length) if 0 <= offset <= self.size - length else b""


def recognise(volume: Bytes) -> Signature | None:
    """Say what a volume holds, None for nothing known. Raises what reading raises."""
    head = _Head(volume)
    for look in _LOOKS:
        if (found := look(head)) is not None:
            return found
    return None


def _luks(head: _Head) -> Signature | None:
    raw = head.at(0, 512)
    if raw[:6] != b"LUKS\xba\xbe" or raw[6:8] not in {b"\0\1", b"\0\2"}:
        return None
    name = text(raw[168:208])
    if raw[7] == 1:
        return Signature(type="luks1", uuid=name, detail=f"{text(raw[8:40])}-{text(raw[40:72])}")
    return Signature(type="luks2", uuid=name, label=text(raw[24:72]), detail=_luks2_cipher(head, raw))


def _luks2_cipher(head: _Head, raw: bytes) -> str:
    """The cipher stands in the JSON behind the binary header; what cannot be read is no cipher."""
    size = min(int.from_bytes(raw[8:16], "big"), _LARGEST_LUKS_HEADER)
    try:
        area = json.loads(head.at(4096, max(0, size - 4096)).partition(b"\0")[0])
        ciphers = {str(segment.get("encryption", "")) for segment in area["segments"].values()}
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return ""
    return ", ".join(sorted(ciphers - {""}))[:100]


def _bitlocker(head: _Head) -> Signature | None:
    return Signature(type="bitlocker") if head.at(3, 8) in {b"-FVE-FS-", b"MSWIN4.1"} and _is_bitlocker(head) else None


def _is_bitlocker(head: _Head) -> bool:
    to_go = b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01"  # BitLocker To Go looks like a FAT
    return head.at(3, 8) == b"-FVE-FS-" or head.at(424, 16) == to_go


def _md(head: _Head) -> Signature | None:
    """MD RAID: version 1.1 at the start, 1.2 behind 4 KiB, 1.0 near the end, 0.90 in the last whole 64 KiB but one."""
    for version, offset in (("1.1", 0), ("1.2", 4096), ("1.0", (head.size // 512 - 16) // 8 * 8 * 512)):
        raw = head.at(offset, 256)
        if raw[:8] == _MD_MAGIC + b"\1\0\0\0":
            level, disks = struct.unpack_from("<i", raw, 72)[0], struct.unpack_from("<I", raw, 92)[0]
            return Signature(
                type=MD,
                uuid=_plain_uuid(raw[16:32]),
                label=text(raw[32:64]),
                detail=_raid(level, disks, version),
                number=struct.unpack_from("<I", raw, 160)[0],
            )
    start = head.size // _MD_OLD_BYTES * _MD_OLD_BYTES - _MD_OLD_BYTES
    raw = head.at(start, 64)
    if raw[:8] == _MD_MAGIC + b"\0\0\0\0":
        level, disks = struct.unpack_from("<i", raw, 28)[0], struct.unpack_from("<I", raw, 40)[0]
        identity = b"".join(raw[at : at + 4][::-1] for at in (20, 52, 56, 60))
        own = int.from_bytes(head.at(start + _MD_OLD_OWN, 4), "little")
        return Signature(type=MD, uuid=_plain_uuid(identity), detail=_raid(level, disks, "0.90"), number=own)
    return None


def _raid(level: int, disks: int, version: str) -> str:
    name = {-1: "linear", -4: "multipath", -5: "faulty"}.get(level, f"RAID {level}")
    return f"{name} of {disks} devices, superblock {version}"


def _lvm(head: _Head) -> Signature | None:
    for sector in range(4):
        raw = head.at(sector * 512, 512)
        if raw[:8] == b"LABELONE" and raw[24:32] == b"LVM2 001":
            return Signature(type=LVM)
    return None


def _bcache(head: _Head) -> Signature | None:
    raw = head.at(4096, 128)
    if raw[24:40] != bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81"):
        return None
    return Signature(type="bcache", uuid=_plain_uuid(raw[40:56]), label=text(raw[72:104]))


def _swap(head: _Head) -> Signature | None:
    for page in _PAGE_SIZES:
        if head.at(page - 10, 10) in {b"SWAPSPACE2", b"SWAP-SPACE"}:
            raw = head.at(1024, 64)
            pages = int.from_bytes(raw[4:8], "little")
            size = (pages + 1) * page if pages else None
            return Signature(type="swap", uuid=_plain_uuid(raw[12:28]), label=text(raw[28:44]), size_bytes=size)
    return None


def _suspended(head: _Head) -> Signature | None:
    """A swap space that holds the memory of a machine that went to sleep."""
    for page in _PAGE_SIZES:
        if head.at(page - 10, 9) in {b"S1SUSPEND", b"S2SUSPEND", b"ULSUSPEND", b"LINHIB000"}:
            raw = head.at(1024, 64)
            what = "it holds the memory of a machine that was put to sleep"
            return Signature(type="swsuspend", uuid=_plain_uuid(raw[12:28]), label=text(raw[28:44]), detail=what)
    return None


def _ext(head: _Head) -> Signature | None:
    raw = head.at(1024, 1024)
    if raw[0x38:0x3A] != b"\x53\xef":
        return None
    compatible, incompatible, read_only = struct.unpack_from("<III", raw, 0x5C)
    label, name = text(raw[0x78:0x88]), _plain_uuid(raw[0x68:0x78])
    if incompatible & 0x8:
        return Signature(type="jbd", label=label, uuid=name)
    if incompatible & ~0x16 or read_only & ~0x7:
        return Signature(type="ext4", label=label, uuid=name)
    return Signature(type="ext3" if compatible & 0x4 else "ext2", label=label, uuid=name)


def _xfs(head: _Head) -> Signature | None:
    raw = head.at(0, 512)
    if raw[:4] != b"XFSB":
        return None
    return Signature(type="xfs", label=text(raw[108:120]), uuid=_plain_uuid(raw[32:48]))


def _btrfs(head: _Head) -> Signature | None:
    raw = head.at(64 * KiB, 4 * KiB)
    if raw[0x40:0x48] != b"_BHRfS_M":
        return None
    total, used = struct.unpack_from("<QQ", raw, 0x70)
    devices = struct.unpack_from("<Q", raw, 0x88)[0]
    return Signature(
        type="btrfs",
        label=text(raw[0x12B:0x22B]),
        uuid=_plain_uuid(raw[0x20:0x30]),
        detail=f"over {devices} devices" if devices > 1 else "",
        size_bytes=total,
        used_bytes=used,
    )


def _ntfs(head: _Head) -> Signature | None:
    raw = head.at(0, 512)
    if raw[3:11] != b"NTFS    ":
        return None
    return Signature(type="ntfs", uuid=f"{int.from_bytes(raw[72:80], 'little'):016X}")


def _exfat(head: _Head) -> Signature | None:
    raw = head.at(0, 512)
    return Signature(type="exfat", uuid=_serial(raw[100:104])) if raw[3:11] == b"EXFAT   " else None


def _fat(head: _Head) -> Signature | None:
    raw = head.at(0, 512)
    if raw[510:512] != b"\x55\xaa" or raw[0:1] not in {b"\xeb", b"\xe9"}:
        return None
    for kind, serial, label in ((82, 67, 71), (54, 39, 43)):
        if raw[kind : kind + 3] == b"FAT":
            found = text(raw[label : label + 11]).rstrip()
            return Signature(
                type="vfat", uuid=_serial(raw[serial : serial + 4]), label="" if found == "NO NAME" else found
            )
    return None


def _f2fs(head: _Head) -> Signature | None:
    raw = head.at(1024, 2048)
    if raw[:4] != b"\x10\x20\xf5\xf2":
        return None
    label = raw[124:1148].decode("utf-16-le", "backslashreplace").partition("\0")[0]
    return Signature(type="f2fs", uuid=_plain_uuid(raw[108:124]), label=label)


def _plain(head: _Head) -> Signature | None:
    for offset, magic, kind in _PLAIN:
        if head.at(offset, len(magic)) == magic:
            return Signature(type=kind)
    return None


def _zfs(head: _Head) -> Signature | None:
    """ZFS has four labels, two at each end, with a ring of uberblocks in each; a spare has labels without any."""
    end = head.size // _LABEL_BYTES * _LABEL_BYTES
    labels = [at for at in (0, _LABEL_BYTES, end - 2 * _LABEL_BYTES, end - _LABEL_BYTES) if 0 <= at < end]
    with_ring = [at for at in labels if _has_uberblock(head.at(at + _UBERBLOCKS, _UBERBLOCK_BYTES))]
    for at in with_ring or labels:
        begun = bool(with_ring) or head.at(at + CONFIGURATION, 1) == b"\1"
        label = read_label(head.at(at + CONFIGURATION, CONFIGURATION_BYTES)) if begun else None
        if label is not None and label.is_spare and not with_ring:
            return Signature(type=ZFS_SPARE, detail=label.words)
        if label is not None and with_ring:
            return Signature(type=ZFS_MEMBER, uuid=label.guid, label=label.name, detail=label.words)
    return Signature(type=ZFS_MEMBER) if with_ring else None


def _has_uberblock(ring: bytes) -> bool:
    """Whether one begins at any place where one may, in either byte order."""
    starts = (ring[at : at + 8] for at in range(0, len(ring), KiB))
    return any(_UBERBLOCK in {int.from_bytes(one, "little"), int.from_bytes(one, "big")} for one in starts)


# What lies around or below file systems comes first: a mirror's half looks like the file system inside it.
_LOOKS: tuple[Callable[[_Head], Signature | None], ...] = (
    _luks,
    _bitlocker,
    _md,
    _lvm,
    _bcache,
    _swap,
    _suspended,
    _ext,
    _xfs,
    _btrfs,
    _ntfs,
    _exfat,
    _fat,
    _f2fs,
    _plain,
    _zfs,
)


def text(raw: bytes) -> str:
    """Return what stands before the first NUL; bytes that are no UTF-8 are escaped."""
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _plain_uuid(raw: bytes) -> str:
    return str(uuid.UUID(bytes=raw)) if len(raw) == 16 and any(raw) else ""


def _serial(raw: bytes) -> str:
    return f"{raw[3]:02X}{raw[2]:02X}-{raw[1]:02X}{raw[0]:02X}" if any(raw) else ""


def is_blank(volume: Bytes) -> bool:
    """Whether both ends are zeroes, where every partition table and file system of ours leaves something."""
    count = min(MiB, volume.size)
    try:
        return volume.size > 0 and not any(volume.read(start, count).strip(b"\0") for start in (0, volume.size - count))
    except CannotLookInside:
        return False
