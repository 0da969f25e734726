"""What mounts or opens file systems beside fstab: units of systemd, crypttab, mdadm.conf."""

from collections.abc import Iterator, Sequence

from imgkit.facts.bounded import at_most
from imgkit.facts.device_names import DeviceNames, Resolution
from imgkit.facts.fstab import FstabLine, classify, resolve
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_path
from imgkit.facts.isolation import determine
from imgkit.facts.sections import parse_sections
from imgkit.model.fact import Fact
from imgkit.model.mounts import ArrayEntry, CryptEntry, EntryState, FstabEntry, Mounts, MountUnit
from imgkit.model.storage import Mount

_UNIT_FOLDERS = (b"/etc/systemd/system", b"/run/systemd/system", b"/usr/local/lib/systemd/system")
_RAID = (b"/etc/mdadm/mdadm.conf", b"/etc/mdadm.conf")
_MOST = 1000


def describe_mounts(
    guest: Guest, fstab: Fact[tuple[FstabEntry, ...]], mounted: Sequence[Mount], names: DeviceNames | None
) -> Mounts:
    """Put what was read of fstab beside what else mounts or opens."""
    return Mounts(
        fstab=fstab,
        mounted=tuple(mounted),
        units=determine(lambda: read_mount_units(guest, names), guest.room),
        encrypted=determine(lambda: read_crypttab(guest, names), guest.room),
        arrays=determine(lambda: read_arrays(guest), guest.room),
    )


def read_mount_units(guest: Guest, names: DeviceNames | None) -> Fact[tuple[MountUnit, ...]]:
    """List the administrator's own units that mount or swap; those of packages mount what no disk holds."""
    gathering = Gathering(guest)
    found: list[MountUnit] = []
    for folder in _UNIT_FOLDERS:
        for suffix, section in ((b".mount", "Mount"), (b".swap", "Swap")):
            for one in gathering.names(folder, suffix=suffix):
                content = gathering.read(one.path)
                found += _units(guest, content, section, names) if content is not None else ()
    return gathering.fact(tuple(found), nothing="no unit mounts anything")


def read_crypttab(guest: Guest, names: DeviceNames | None) -> Fact[tuple[CryptEntry, ...]]:
    """Read crypttab(5)."""
    gathering = Gathering(guest)
    content = gathering.read(b"/etc/crypttab")
    found, more = at_most(_encrypted(guest, content, names) if content is not None else (), _MOST)
    if more:
        gathering.lack(f"only the first {_MOST} lines of crypttab are given")
    return gathering.fact(tuple(found), nothing="there is no /etc/crypttab")


def read_arrays(guest: Guest) -> Fact[tuple[ArrayEntry, ...]]:
    """Read the arrays of mdadm.conf(5); what an array is made of stands on its disks."""
    gathering = Gathering(guest)
    found: list[ArrayEntry] = []
    for path in _RAID:
        content = gathering.read(path)
        for number, line in content.lines() if content is not None else ():
            words = line.split()
            if words and words[0].lower() == "array" and len(found) < _MOST:
                name = words[1] if len(words) > 1 else ""
                found.append(ArrayEntry(path=path, line=number, name=name, words=tuple(words[2:50])))
    return gathering.fact(tuple(found), nothing="there is no mdadm.conf")


def _units(guest: Guest, content: Content, wanted: str, names: DeviceNames | None) -> Iterator[MountUnit]:
    for section in parse_sections(content):
        if section.name == wanted and section.last("What"):
            kind = section.last("Type") or ("swap" if wanted == "Swap" else "auto")
            state, place, reason = _find(section.last("What"), kind, names)
            yield MountUnit(
                path=content.source.path,
                what=guest.quote(section.last("What")),
                where=section.last("Where"),
                type=kind,
                options=",".join(map(guest.quote_option, section.last("Options").split(","))),
                state=state,
                place=place,
                reason=reason,
            )


def _encrypted(guest: Guest, content: Content, names: DeviceNames | None) -> Iterator[CryptEntry]:
    for number, line in content.lines():
        words = line.split()
        if len(words) < 2 or line.startswith("#"):
            continue
        state, place, reason = _find(words[1], "crypto_LUKS", names)
        yield CryptEntry(
            line=number,
            name=words[0],
            device=guest.quote(words[1]),
            key=words[2] if len(words) > 2 else "none",
            options=tuple(map(guest.quote_option, words[3].split(","))) if len(words) > 3 else (),
            state=state,
            place=place,
            reason=reason,
        )


def _find(what: str, kind: str, names: DeviceNames | None) -> tuple[EntryState, str, str]:
    if names is None:
        return EntryState.UNRESOLVED, "", "the storage is not known"
    known, wanted = classify(FstabLine(line=0, spec=as_path(what), folder=b"", type=kind))
    found: Resolution | None = resolve(known, wanted, names)
    if found is None:
        return EntryState.ELSEWHERE, "", ""
    return (EntryState.FOUND if found.place else EntryState.UNRESOLVED), found.place, found.reason
