"""Verifying: does an image set, or a single file, still hold? One subject a file; each link of the chain by itself."""

from imgkit.stages.verify.links import BYTES_OF_A_FILE, CUSTODY_CHAIN, PARTS_CRC, PARTS_FILE, SERVICE_CRC
from imgkit.stages.verify.lone import check_file
from imgkit.stages.verify.online import check_online
from imgkit.stages.verify.records import check_record
from imgkit.stages.verify.sums_file import check_sums, is_sums_file
from imgkit.stages.verify.whole_set import check_set

__all__ = [
    "BYTES_OF_A_FILE",
    "CUSTODY_CHAIN",
    "PARTS_CRC",
    "PARTS_FILE",
    "SERVICE_CRC",
    "check_file",
    "check_online",
    "check_record",
    "check_set",
    "check_sums",
    "is_sums_file",
]
