"""Disks with a lastlog that claims half a terabyte and takes a few blocks: one record of 292 bytes for each user id."""

import struct
from collections.abc import Sequence
from pathlib import Path

from imgkit.samples.appliance_work import Work
from imgkit.samples.file_system_kinds import FileSystemKind, make_empty
from imgkit.units import GiB

FAR_UIDS = (0, 1000, 29_000_007, 1_200_000_000, 1_200_000_001, 1_999_999_999, 2_000_000_000)
SPARSE = {"ext3": 16 * GiB, "ext4": 16 * 1024 * GiB, "xfs": 16 * 1024 * GiB}  # how large a file on each may be
LAST_SEEN = 1_700_000_000
_RECORD = struct.Struct("<I32s256s")  # lastlog.h of glibc
_RECORDS = "records.bin"


def uids_on(kind: str) -> tuple[int, ...]:
    """Return the user ids whose records lie within what a file of this kind of file system may hold."""
    return tuple(uid for uid in FAR_UIDS if (uid + 1) * _RECORD.size < SPARSE[kind])


def sparse_works(folder: Path, kinds: Sequence[FileSystemKind]) -> tuple[Work, ...]:
    """Make `KIND-sparse.raw` in `folder`, empty, and return the work that writes /var/log/lastlog on each.

    Raises ToolMissing naming the package.
    """
    records = folder / _RECORDS
    records.write_bytes(b"".join(_RECORD.pack(LAST_SEEN, b"pts/%d" % uid, b"192.0.2.7") for uid in FAR_UIDS))
    return tuple(_work(folder / f"{kind.name}-sparse.raw", kind, records) for kind in kinds if kind.name in SPARSE)


def _work(target: Path, kind: FileSystemKind, records: Path) -> Work:
    make_empty(target, kind)
    uids = uids_on(kind.name)

    def lines(devices: Sequence[str]) -> Sequence[str]:
        device, source = devices
        take = f"dd if={source} of=/run/m/var/log/lastlog bs={_RECORD.size} count=1 conv=notrunc status=none"
        return (
            f"mkdir -p /run/m && mount {device} /run/m && mkdir -p /run/m/var/log",
            *(f"{take} skip={number} seek={uid}" for number, uid in enumerate(uids)),
            "umount /run/m",
        )

    return Work(name=target.name, disks=(target,), lines=lines, sources=(records,))
