"""LVM's facts as libguestfs gives them, put together: it names neither the group of a volume nor that of a disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from imgkit.model.storage import LogicalVolume, PhysicalVolume, VolumeGroup

Row = Mapping[str, Any]
_GROUPS_END = (0, 6, 10, 14, 18, 22, 26, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LvmRows:
    """The rows of `pvs_full`, `vgs_full` and `lvs_full`; `members` and `holdings` are the UUIDs in each group."""

    physical: tuple[Row, ...] = ()
    groups: tuple[Row, ...] = ()
    logical: tuple[Row, ...] = ()
    members: Mapping[str, frozenset[str]]
    holdings: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lvm:
    """`lies_on` gives the places of the physical volumes below each logical one, as far as they are on these disks.

    `pools` are the logical volumes that thin ones draw from: they are active, and hold no files themselves.
    """

    physical: tuple[PhysicalVolume, ...] = ()
    groups: tuple[VolumeGroup, ...] = ()
    logical: tuple[LogicalVolume, ...] = ()
    lies_on: Mapping[str, tuple[str, ...]]
    pools: frozenset[str] = frozenset()


def describe_lvm(rows: LvmRows, place: Callable[[str], str]) -> Lvm:
    """Put the rows together; `place` turns libguestfs' name of a device into ours.

    A physical volume on a disk that is not there has a row too, with `[unknown]` for a name.
    """
    present = [row for row in rows.physical if row["pv_name"].startswith("/dev/")]
    known = {row["pv_uuid"]: place(row["pv_name"]) for row in present}
    logical = tuple(_logical(row, _group_of(row["lv_uuid"], rows.holdings)) for row in rows.logical)
    return Lvm(
        physical=tuple(
            _physical(row, known[row["pv_uuid"]], _group_of(row["pv_uuid"], rows.members)) for row in present
        ),
        groups=tuple(_group(row, rows.members[row["vg_name"]] - known.keys()) for row in rows.groups),
        logical=logical,
        lies_on={
            volume.place: tuple(known[uuid] for uuid in sorted(rows.members.get(volume.group, ())) if uuid in known)
            for volume in logical
        },
        pools=frozenset(
            volume.place for volume, row in zip(logical, rows.logical, strict=True) if row["lv_attr"][:1] == "t"
        ),
    )


def lvm_uuid(bare: str) -> str:
    """Write an LVM UUID as LVM does: groups of 6-4-4-4-4-4-6."""
    return "-".join(bare[start:end] for start, end in pairwise(_GROUPS_END)) if len(bare) == 32 else bare


def bare_uuid(written: str) -> str:
    return written.replace("-", "")


def _physical(row: Row, place: str, group: str) -> PhysicalVolume:
    return PhysicalVolume(
        place=place, uuid=lvm_uuid(row["pv_uuid"]), group=group, size_bytes=row["pv_size"], free_bytes=row["pv_free"]
    )


def _group(row: Row, missing: frozenset[str]) -> VolumeGroup:
    return VolumeGroup(
        name=row["vg_name"],
        uuid=lvm_uuid(row["vg_uuid"]),
        size_bytes=row["vg_size"],
        free_bytes=row["vg_free"],
        missing_volumes=len(missing),
    )


def _logical(row: Row, group: str) -> LogicalVolume:
    return LogicalVolume(
        name=row["lv_name"],
        group=group,
        uuid=lvm_uuid(row["lv_uuid"]),
        size_bytes=row["lv_size"],
        active=row["lv_attr"][4:5] == "a",
    )


def _group_of(uuid: str, holdings: Mapping[str, frozenset[str]]) -> str:
    return next((group for group, held in holdings.items() if uuid in held), "")
