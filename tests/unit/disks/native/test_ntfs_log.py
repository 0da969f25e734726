"""Whether NTFS' log was closed."""

import struct

import pytest
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.ntfs_log import log_state, read_log_state
from imgkit.disks.native.reader import BROKEN
from imgkit.errors import CannotLookInside
from imgkit.model.storage import Journal

CLUSTER, RECORD, TABLE, LOG = 1024, 1024, 4, 12


def page(newest: int, users: int, flags: int) -> bytes:
    return (b"RSTR".ljust(24, b"\0") + struct.pack("<HxxxxxxQHHHH", 32, newest, 1, 0, users, flags)).ljust(4096, b"\0")


def test_ntfs_log_is_clean_when_nobody_uses_it_by_the_newer_page() -> None:
    assert log_state(page(5, 0xFFFF, 0) + page(4, 0, 0)) is Journal.CLEAN
    assert log_state(page(5, 0xFFFF, 0) + page(6, 0, 0)) is Journal.PENDING
    assert log_state(page(5, 0, 2)) is Journal.CLEAN
    assert log_state(b"\xff" * 8192) is Journal.CLEAN
    assert log_state(b"") is Journal.UNKNOWN


def volume(*, runs: bytes, pages: bytes) -> bytearray:
    """A boot sector, a table of files at cluster 4, and two pages of the log at cluster 12, four clusters each."""
    disk = bytearray(64 * CLUSTER)
    disk[3:11] = b"NTFS    "
    struct.pack_into("<Hb", disk, 11, 512, 2)
    struct.pack_into("<Q", disk, 48, TABLE)
    struct.pack_into("<b", disk, 64, -10)
    record = TABLE * CLUSTER + 2 * RECORD
    struct.pack_into("<4sHH", disk, record, b"FILE", 48, 3)
    struct.pack_into("<H", disk, record + 20, 56)
    data = record + 510 - 32  # so that where the runs begin stands in the last two bytes of a sector
    struct.pack_into("<II", disk, record + 56, 0x10, data - record - 56)
    struct.pack_into("<IIB", disk, data, 0x80, 100, 1)
    struct.pack_into("<H", disk, data + 32, 64)
    disk[data + 64 : data + 64 + len(runs)] = runs
    disk[record + 50 : record + 54] = disk[record + 510 : record + 512] + disk[record + 1022 : record + 1024]
    disk[record + 48 : record + 50] = struct.pack("<H", 7)
    disk[record + 510 : record + 512] = disk[record + 1022 : record + 1024] = struct.pack("<H", 7)
    disk[LOG * CLUSTER : LOG * CLUSTER + len(pages)] = pages
    return disk


@pytest.mark.parametrize("runs", [b"\x11\x08\x0c\x00", b"\x11\x04\x0c\x11\x20\x04\x00"])
def test_the_log_is_found_through_its_own_record(runs: bytes) -> None:
    pages = page(5, 0xFFFF, 0) + page(6, 0, 0)
    assert read_log_state(Memory(volume(runs=runs, pages=pages))) is Journal.PENDING
    assert read_log_state(Memory(volume(runs=runs, pages=pages[4096:] + pages[:4096]))) is Journal.PENDING
    assert read_log_state(Memory(volume(runs=runs, pages=page(5, 0xFFFF, 0) * 2))) is Journal.CLEAN


@pytest.mark.parametrize("runs", [b"\x00", b"\x01\x08\x00", b""])
def test_a_log_that_lies_nowhere_is_unknown(runs: bytes) -> None:
    assert read_log_state(Memory(volume(runs=runs, pages=b""))) is Journal.UNKNOWN


def test_what_is_damaged_is_said() -> None:
    good = volume(runs=b"\x11\x08\x0c\x00", pages=b"")
    for at in (3, TABLE * CLUSTER + 2 * RECORD):
        bad = bytearray(good)
        bad[at] ^= 0xFF
        with pytest.raises(CannotLookInside, match="damaged"):
            read_log_state(Memory(bad))
    for end in range(0, (LOG + 8) * CLUSTER, 100):  # cut anywhere
        with pytest.raises(BROKEN):
            read_log_state(Memory(good[:end]))
