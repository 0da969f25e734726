"""Making a hole of what a file stores, where the system and the file system can: Python has no call for it."""

import ctypes
import logging
import os
import sys
from collections.abc import Callable
from functools import cache

log = logging.getLogger(__name__)

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # FALLOC_FL_… of linux/falloc.h


def dig_hole(handle: int, start: int, length: int) -> bool:
    """Give back the room of a run of an open file, which then reads as zeroes; say whether that could be done."""
    fallocate = _fallocate()
    if fallocate is None:
        return False
    if fallocate(handle, _KEEP_SIZE | _PUNCH_HOLE, start, length) == 0:
        return True
    log.debug("no hole could be made at byte %d: %s", start, os.strerror(ctypes.get_errno()))
    return False


@cache
def _fallocate() -> Callable[[int, int, int, int], int] | None:
    if sys.platform != "linux":
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        found.restype = ctypes.c_int
    return found
