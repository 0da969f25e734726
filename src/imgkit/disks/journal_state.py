"""Whether changes wait in a file system's journal: from the superblock, and from what a kernel says while mounting."""

import re
import struct

from imgkit.model.storage import Journal

EXT_SUPERBLOCK = 1024
EXT_SUPERBLOCK_BYTES = 1024
_EXT_MAGIC = b"\x53\xef"
_HAS_JOURNAL, _NEEDS_RECOVERY = 0x4, 0x4


def ext_journal(superblock: bytes) -> Journal:
    """Read the feature flags of an ext superblock: is there a journal, and does it wait to be replayed?"""
    if len(superblock) < 0x64 or superblock[0x38:0x3A] != _EXT_MAGIC:
        return Journal.UNKNOWN
    compatible, incompatible = struct.unpack_from("<II", superblock, 0x5C)
    pending = compatible & _HAS_JOURNAL and incompatible & _NEEDS_RECOVERY
    return Journal.PENDING if pending else Journal.CLEAN


def xfs_journal(kernel_log: str) -> Journal:
    """Read what the kernel said while mounting an XFS, which has no flag for it on the disk."""
    if re.search(r"XFS \(.+\): Starting recovery", kernel_log):
        return Journal.REPLAYED
    return Journal.CLEAN if re.search(r"XFS \(.+\): Ending clean mount", kernel_log) else Journal.UNKNOWN
