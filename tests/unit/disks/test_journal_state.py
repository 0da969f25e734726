import struct

import pytest

from imgkit.disks.journal_state import ext_journal, xfs_journal
from imgkit.model.storage import Journal


def superblock(compatible: int, incompatible: int) -> bytes:
    block = bytearray(1024)
    block[0x38:0x3A] = b"\x53\xef"
    struct.pack_into("<II", block, 0x5C, compatible, incompatible)
    return bytes(block)


@pytest.mark.parametrize(
    ("block", "state"),
    [
        (superblock(0x3C, 0x2C2), Journal.CLEAN),
        (superblock(0x3C, 0x2C6), Journal.PENDING),
        (superblock(0x38, 0x2), Journal.CLEAN),
        (bytes(1024), Journal.UNKNOWN),
        (b"", Journal.UNKNOWN),
    ],
    ids=["clean", "cut off", "ext2", "something else", "unreadable"],
)
def test_the_superblock_of_ext_says_whether_its_journal_waits(block: bytes, state: Journal):
    assert ext_journal(block) is state


@pytest.mark.parametrize(
    ("log", "state"),
    [
        ("[1.0] XFS (sdb1): Mounting V5 Filesystem\n[1.1] XFS (sdb1): Ending clean mount\n", Journal.CLEAN),
        ("[1.0] XFS (dm-0): Starting recovery (logdev: internal)\n[1.2] XFS (dm-0): Ending recovery", Journal.REPLAYED),
        ("[1.0] EXT4-fs (sda1): mounted filesystem\n", Journal.UNKNOWN),
    ],
)
def test_the_kernel_says_what_it_did_with_the_log_of_an_xfs(log: str, state: Journal):
    assert xfs_journal(log) is state
