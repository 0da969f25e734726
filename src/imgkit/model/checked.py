"""An object on this machine, held against the service's own."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedObject:
    """What reading the file has shown. `is_here` is False where there is no such file.

    `differing` are the numbers of the parts that differ, of `part_count`, where a parts file could tell (else both are
    empty). `was_replaced` says that the file is as it was downloaded, and the service has another object now.
    """

    info: ObjectInfo
    path: Path
    outcome: Outcome
    detail: str
    is_here: bool = True
    was_replaced: bool = False
    size: int = 0
    crc64: int | None = None
    differing: tuple[int, ...] = ()
    part_count: int = 0
    notes: tuple[str, ...] = ()
