"""Faults on demand: what is to go wrong, with which requests, and how often."""

import re
import threading
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, fields
from enum import StrEnum
from typing import Any

from imgkit.errors import SettingsError
from imgkit.simulator.ranges import read_range


class FaultKind(StrEnum):
    """What can go wrong; the field names in brackets are those of `Fault` that shape it."""

    CUT = "cut"  # the connection closes after (after_bytes) of the body; 0: after the headers
    STALL = "stall"  # nothing is sent for (seconds), after (after_bytes) of the body
    DELAY = "delay"  # the answer begins (seconds) late
    SLOW = "slow"  # (bytes_per_second)
    ERROR = "error"  # refused with (code), (status), (message)
    HTML = "html"  # a proxy's page with (status), by default 503
    WHOLE = "whole"  # the Range header is overlooked: 200 with the whole object
    WRONG_BYTES = "wrong_bytes"  # right length, but (count) bytes after (after_bytes) of the body are wrong
    REPLACE = "replace"  # before serving, the object is replaced by another of the same length
    REPLACE_AFTER = "replace_after"  # the same, once this answer has begun
    CRC_MISSING = "crc_missing"
    CRC_WRONG = "crc_wrong"
    HEADER = "header"  # response header (name) says (value); an empty value removes it
    EXPIRE_TOKEN = "expire_token"  # noqa: S105 (no secret) the temporary key of this request ends now
    ARCHIVE = "archive"  # the object is moved to storage class (value), by default Archive
    DROP_BEFORE = "drop_before"  # closed without an answer, nothing done
    DROP_AFTER = "drop_after"  # done, then closed without an answer
    FAIL_TASK = "fail_task"  # the task that this ExportImage starts fails with (code), (message)
    FAIL_DISK = "fail_disk"  # its task is Finished, but the disk (device) failed with (code)
    STATUS_WORD = "status_word"  # tasks are told with status (value)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. The first block says with which requests: empty and None match any.

    Matching requests are counted: the first `skip` of them pass, the next `times` meet the fault (None: all).
    """

    kind: FaultKind
    _: KW_ONLY
    service: str = ""  # "ecs", "oss" or "sts"
    action: str = ""  # ExportImage, GetObject, HeadObject, ListObjectsV2 …
    method: str = ""
    bucket: str = ""
    key: str = ""  # a regular expression that must be found in the key
    range_start: int | None = None  # the first byte asked for
    range_covers: int | None = None  # a byte within what is asked for
    skip: int = 0
    times: int | None = 1

    after_bytes: int = 0
    count: int = 1
    seconds: float = 0.0
    bytes_per_second: float = 0.0
    status: int = 0
    code: str = ""
    message: str = ""
    name: str = ""
    value: str = ""
    device: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", FaultKind(self.kind))
        re.compile(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a request turned out to ask for; faults are matched against it."""

    service: str
    action: str
    method: str
    bucket: str = ""
    key: str = ""
    range_header: str = ""


class FaultBox:
    """All faults that are still to come, counted down by the requests that meet them."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = []  # with the number of requests that matched so far
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Let more things go wrong."""
        with self._lock:
            self._waiting += [(fault, 0) for fault in faults]

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> tuple[Fault, ...]:
        """Return the faults that are still to come."""
        with self._lock:
            return tuple(fault for fault, seen in self._waiting if not _is_spent(fault, seen))

    def take(self, call: Call) -> tuple[Fault, ...]:
        """Return the faults that this request meets, and count it."""
        met: list[Fault] = []
        with self._lock:
            for position, (fault, seen) in enumerate(self._waiting):
                if _is_spent(fault, seen) or not matches(fault, call):
                    continue
                self._waiting[position] = (fault, seen + 1)
                if seen >= fault.skip:
                    met.append(fault)
        return tuple(met)


def matches(fault: Fault, call: Call) -> bool:
    """Tell whether a fault is meant for such a request."""
    exact = (
        (fault.service, call.service),
        (fault.action, call.action),
        (fault.method, call.method),
        (fault.bucket, call.bucket),
    )
    return (
        all(wanted in ("", actual) for wanted, actual in exact)
        and (not fault.key or re.search(fault.key, call.key) is not None)
        and _range_fits(fault, call.range_header)
    )


def read_fault(words: Any) -> Fault:
    """Read a fault from JSON. Raises SettingsError naming what is not understood."""
    if not isinstance(words, dict):
        raise SettingsError(f"a fault is an object of JSON, not {words!r}")
    known = {field.name for field in fields(Fault)}
    strange = sorted(set(words) - known)
    if strange:
        raise SettingsError(f"a fault has no {', '.join(strange)}", hint=f"It knows: {', '.join(sorted(known))}")
    try:
        return Fault(**words)
    except (TypeError, ValueError, re.error) as error:
        raise SettingsError(f"not a fault: {words!r}: {error}") from error


def _is_spent(fault: Fault, seen: int) -> bool:
    return fault.times is not None and seen >= fault.skip + fault.times


def _range_fits(fault: Fault, header: str) -> bool:
    if fault.range_start is None and fault.range_covers is None:
        return True
    first, last = read_range(header) or (0, None)
    if first is None:
        return False  # the last n bytes: where they begin depends on the object
    if fault.range_start not in (None, first):
        return False
    covered = fault.range_covers
    return covered is None or (first <= covered and (last is None or covered <= last))
