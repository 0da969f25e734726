"""LVM's groups put together from the physical volumes on all disks of a set: linear and striped volumes can be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from imgkit.disks.lvm_guestfs import lvm_uuid
from imgkit.disks.native.lvm_label import Label, read_label
from imgkit.disks.native.lvm_text import Section, number, parse_lvm_text, sections, word, words
from imgkit.disks.native.reader import BROKEN, reason_of
from imgkit.disks.native.volume import Bytes, Joined, Piece, Striped, Window
from imgkit.errors import CannotLookInside
from imgkit.model.role import DiskRole
from imgkit.model.storage import LogicalVolume, PhysicalVolume, Undetermined, VolumeGroup

_SECTOR = 512
_MOST_SEGMENTS = 100_000
_POOLS = frozenset({"thin-pool", "cache-pool", "vdo-pool"})
_GUESTFS = "libguestfs may read it (--engine guestfs)"


class _NotHere(CannotLookInside):
    """A part lies on a disk that is not in this set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A place with a label of LVM."""

    place: str
    roles: tuple[DiskRole, ...]
    volume: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A logical volume that can be read."""

    place: str
    roles: tuple[DiskRole, ...]
    volume: Bytes


@dataclass(slots=True, kw_only=True)
class Lvm:
    """What the physical volumes say together."""

    physical: list[PhysicalVolume] = field(default_factory=list)
    groups: list[VolumeGroup] = field(default_factory=list)
    logical: list[LogicalVolume] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    undetermined: list[Undetermined] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One group's newest description, and its physical volumes that are here by their names in it."""

    name: str
    body: Section
    extent_bytes: int
    here: Mapping[str, Found]

    @property
    def members(self) -> dict[str, Section]:
        return sections(self.body, "physical_volumes")

    @property
    def volumes(self) -> dict[str, Section]:
        return sections(self.body, "logical_volumes")


def assemble(found: Sequence[Found]) -> Lvm:
    """Put all together; what cannot be read is said in the answer."""
    lvm = Lvm()
    labels: dict[str, tuple[Found, Label]] = {}
    for one in found:
        try:
            label = read_label(one.volume)
        except BROKEN as error:
            lvm.undetermined.append(Undetermined(what=f"LVM on {one.place}", reason=reason_of(error)))
            continue
        if label.error:
            lvm.undetermined.append(Undetermined(what=f"LVM on {one.place}", reason=label.error))
        if (twin := labels.get(label.uuid)) is not None:
            reason = f"{twin[0].place} is the same physical volume, and was taken"
            lvm.undetermined.append(Undetermined(what=f"LVM on {one.place}", reason=reason))
            continue
        labels[label.uuid] = (one, label)
    belongs: dict[str, str] = {}
    for group in _groups(labels, lvm):
        _describe(group, lvm, belongs)
    _loose(labels, belongs, lvm)
    order = {one.place: at for at, one in enumerate(found)}
    lvm.physical.sort(key=lambda one: order[one.place])
    return lvm


def _groups(labels: Mapping[str, tuple[Found, Label]], lvm: Lvm) -> Iterator[_Group]:
    """Yield each group once, by the newest of its descriptions."""
    newest: dict[str, tuple[int, str, Section]] = {}
    for one, label in labels.values():
        try:
            for name, body in _bodies(label.text):
                uuid, sequence = word(body, "id"), number(body, "seqno")
                if sequence > newest.get(uuid, (-1,))[0]:
                    newest[uuid] = (sequence, name, body)
        except BROKEN as error:
            lvm.undetermined.append(Undetermined(what=f"LVM on {one.place}", reason=reason_of(error)))
    names: set[str] = set()
    for _, name, body in sorted(newest.values(), key=lambda one: (one[1], word(one[2], "id"))):
        if name in names:
            reason = f"there is another volume group {name}, which was taken"
            lvm.undetermined.append(Undetermined(what=f"volume group {name} ({word(body, 'id')})", reason=reason))
            continue
        names.add(name)
        here = {
            key: labels[uuid][0]
            for key, member in sections(body, "physical_volumes").items()
            if (uuid := str(member.get("id", "")).replace("-", "")) in labels
        }
        extents = body.get("extent_size")
        each = extents * _SECTOR if isinstance(extents, int) and extents > 0 else 0
        yield _Group(name=name, body=body, extent_bytes=each, here=here)


def _bodies(text: str) -> Iterator[tuple[str, Section]]:
    for name, body in parse_lvm_text(text).items() if text else ():
        if isinstance(body, dict) and "physical_volumes" in body:
            yield name, body


def _describe(group: _Group, lvm: Lvm, belongs: dict[str, str]) -> None:
    try:
        _require_extents(group)
        used = _used(group)
        counts = {key: number(member, "pe_count") for key, member in group.members.items()}
        lvm.groups.append(
            VolumeGroup(
                name=group.name,
                uuid=word(group.body, "id"),
                size_bytes=sum(counts.values()) * group.extent_bytes,
                free_bytes=sum(max(0, counts[key] - used.get(key, 0)) for key in counts) * group.extent_bytes,
                missing_volumes=len(group.members) - len(group.here),
            )
        )
        for key, one in group.here.items():
            belongs[one.place] = group.name
            lvm.physical.append(
                PhysicalVolume(
                    place=one.place,
                    uuid=word(group.members[key], "id"),
                    group=group.name,
                    size_bytes=counts[key] * group.extent_bytes,
                    free_bytes=max(0, counts[key] - used.get(key, 0)) * group.extent_bytes,
                )
            )
    except BROKEN as error:
        lvm.undetermined.append(Undetermined(what=f"volume group {group.name}", reason=reason_of(error)))
        return
    snapshots = _snapshots(group)
    for name, volume in group.volumes.items():
        holder = any(word(segment, "type") == "snapshot" for segment in _segments(volume))
        if name in snapshots or ("VISIBLE" in words(volume, "status") and not holder):
            _volume(group, name, volume, lvm, is_snapshot=name in snapshots)


def _require_extents(group: _Group) -> None:
    if not group.extent_bytes:
        raise CannotLookInside("LVM's metadata lacks the size of its extents")


def _loose(labels: Mapping[str, tuple[Found, Label]], belongs: Mapping[str, str], lvm: Lvm) -> None:
    """Physical volumes that belong to no group, or to one that nothing describes."""
    for uuid, (one, label) in labels.items():
        if one.place not in belongs:
            size = label.device_bytes
            lvm.physical.append(
                PhysicalVolume(place=one.place, uuid=lvm_uuid(uuid), group="", size_bytes=size, free_bytes=size)
            )


def _used(group: _Group) -> dict[str, int]:
    """Count the extents of each physical volume that some logical one has, hidden ones too."""
    used: dict[str, int] = {}
    for volume in group.volumes.values():
        for segment in _segments(volume):
            stripes = words(segment, "stripes")
            for name in stripes[::2]:
                each = number(segment, "extent_count") // max(1, len(stripes) // 2)
                used[str(name)] = used.get(str(name), 0) + each
    return used


def _snapshots(group: _Group) -> set[str]:
    """The volumes that hold what changed since a snapshot: they hold no file system by themselves."""
    return {str(segment.get("cow_store")) for volume in group.volumes.values() for segment in _segments(volume)} - {
        "None"
    }


def _segments(volume: Section) -> list[Section]:
    found = [value for key, value in volume.items() if key.startswith("segment") and isinstance(value, dict)]
    if len(found) > _MOST_SEGMENTS:
        raise CannotLookInside(f"a volume claims {len(found)} segments")
    return found


def _volume(group: _Group, name: str, volume: Section, lvm: Lvm, *, is_snapshot: bool) -> None:
    error, size, active = "", 0, True
    opened: Bytes | None = None
    try:
        size = sum(number(one, "extent_count") for one in _segments(volume)) * group.extent_bytes
        opened = None if is_snapshot or _is_pool(volume) else _opened(group, volume)
        error = f"a snapshot, which imgkit itself does not put together; {_GUESTFS}" if is_snapshot else ""
    except _NotHere as lost:
        error, active = lost.message, False
    except BROKEN as damage:
        error = reason_of(damage)
    described = LogicalVolume(
        name=name,
        group=group.name,
        uuid=str(volume.get("id", "")),
        size_bytes=size,
        active=active,
        error=error,
    )
    lvm.logical.append(described)
    if opened is not None:
        roles = tuple(sorted({role for one in group.here.values() for role in one.roles}))
        lvm.opened.append(Opened(place=described.place, roles=roles, volume=opened))


def _is_pool(volume: Section) -> bool:
    """The room of thin, cached or compressed volumes: what it holds is theirs, and they say so themselves."""
    return any(word(segment, "type") in _POOLS for segment in _segments(volume))


def _opened(group: _Group, volume: Section) -> Bytes:
    pieces: list[Piece] = []
    at = 0
    for segment in sorted(_segments(volume), key=lambda one: number(one, "start_extent")):
        if number(segment, "start_extent") * group.extent_bytes != at:
            raise CannotLookInside("its segments do not follow one another")
        size = number(segment, "extent_count") * group.extent_bytes
        pieces.append(Piece(at, size, _segment(group, segment, size), 0))
        at += size
    if not at:
        raise CannotLookInside("it has no segments")
    return Joined(pieces)


def _segment(group: _Group, segment: Section, size: int) -> Bytes:
    kind = word(segment, "type")
    if kind not in {"striped", "linear"}:
        raise CannotLookInside(f"of type {kind}, which imgkit itself does not put together; {_GUESTFS}")
    stripes = words(segment, "stripes")
    columns = [_column(group, *pair) for pair in zip(stripes[::2], stripes[1::2], strict=False)]
    if len(columns) == 1:
        return _exactly(columns[0], size)
    stripe_bytes = number(segment, "stripe_size") * _SECTOR
    if not columns or not stripe_bytes:
        raise CannotLookInside("a segment has no stripes")
    return Striped([_exactly(one, size // len(columns)) for one in columns], stripe_bytes, size)


def _column(group: _Group, name: int | str, extent: int | str) -> Window:
    one = group.here.get(str(name))
    if one is None:
        if str(name) in group.volumes:
            raise CannotLookInside(f"it lies on other volumes, which imgkit itself does not put together; {_GUESTFS}")
        raise _NotHere(f"it lies on a physical volume ({name}) that is on none of these disks")
    if not isinstance(extent, int) or extent < 0:
        raise CannotLookInside("a segment begins nowhere")
    start = number(group.members[str(name)], "pe_start") * _SECTOR + extent * group.extent_bytes
    return Window(one.volume, start, one.volume.size)


def _exactly(column: Window, size: int) -> Window:
    if column.size < size:
        raise CannotLookInside("it reaches beyond the end of a physical volume")
    return Window(column, 0, size)
