"""What is mounted where: the lines of fstab, each resolved against the storage of all disks of the set."""

import re
from dataclasses import dataclass

from imgkit.facts.device_names import DeviceNames, Resolution
from imgkit.facts.guest import Guest, as_path, as_text, parse_number
from imgkit.model.fact import Fact
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.units import KiB, MiB

_PATH = b"/etc/fstab"
_TAGS = {
    "UUID": MountKind.UUID,
    "LABEL": MountKind.LABEL,
    "PARTUUID": MountKind.PARTUUID,
    "PARTLABEL": MountKind.PARTLABEL,
}
_BY_LINKS = {
    "/dev/disk/by-uuid/": MountKind.UUID,
    "/dev/disk/by-label/": MountKind.LABEL,
    "/dev/disk/by-partuuid/": MountKind.PARTUUID,
    "/dev/disk/by-partlabel/": MountKind.PARTLABEL,
}
_NETWORK_TYPES = re.compile(
    r"nfs4?|cifs|smb3?|smbfs|ceph|glusterfs|lustre|9p|virtiofs|davfs|afs|fuse\.(sshfs|s3fs|ossfs|ossfs2)"
)
_VIRTUAL_TYPES = {
    "autofs", "bpf", "binfmt_misc", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "fusectl", "hugetlbfs", "mqueue", "nfsd", "overlay", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "sysfs",
    "tmpfs", "tracefs", "usbfs",
}  # fmt: skip
_MOST_LINES = 2_000
_LONGEST_LINE = 64 * KiB
_FILE_BYTES = MiB
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_UDEV_HEX = re.compile(rb"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FstabLine:
    """One line, its fields undone of quoting; what a field lacks is as fstab(5) says."""

    line: int
    spec: bytes
    folder: bytes
    type: str = "auto"
    options: tuple[str, ...] = ("defaults",)
    dump: int = 0
    check_pass: int = 0


def read_fstab(guest: Guest, names: DeviceNames) -> Fact[tuple[FstabEntry, ...]]:
    """Read fstab and find what each of its lines means on these disks."""
    content = guest.read_first(_PATH, limit=_FILE_BYTES)
    if content is None:
        return Fact.absent("there is no /etc/fstab")
    lines, malformed = parse_fstab(content.data)
    notes = [f"line {number} has fewer than two fields" for number in malformed]
    beyond = len(lines) + len(malformed) > _MOST_LINES
    notes += [f"only the first {_MOST_LINES} of its lines are given"] if beyond else []
    entries = tuple(_entry(guest, line, names) for line in lines[:_MOST_LINES])
    return Fact.present(entries, partial=beyond, notes=tuple(notes), sources=(content.source,))


def parse_fstab(data: bytes) -> tuple[tuple[FstabLine, ...], tuple[int, ...]]:
    """Return the lines of an fstab, and the numbers of those that are none; of very many one more than are given."""
    lines: list[FstabLine] = []
    malformed: list[int] = []
    for number, raw in enumerate(data.split(b"\n"), start=1):
        line = raw.strip(b" \t\r\0")[:_LONGEST_LINE]
        if not line or line.startswith(b"#"):
            continue
        if len(lines) + len(malformed) > _MOST_LINES:
            break
        words = _words(line)
        if len(words) < 2:
            malformed.append(number)
        else:
            lines.append(_line(number, words))
    return tuple(lines), tuple(malformed)


def _words(line: bytes) -> list[bytes]:
    """Split a line at blanks and undo its octal escapes; a first field in quotes may hold blanks (`LABEL="a b"`)."""
    found = re.findall(rb'(?:[A-Z]+=)?"[^"]*"|(?:[A-Z]+=)?\'[^\']*\'|[^ \t]+', line)
    return [_OCTAL.sub(lambda match: bytes([int(match[1], 8)]), word) for word in found]


def _line(number: int, words: list[bytes]) -> FstabLine:
    rest = [as_text(word) for word in words[2:6]]
    return FstabLine(
        line=number,
        spec=words[0],
        folder=words[1],
        type=rest[0] if rest else "auto",
        options=tuple(rest[1].split(",")) if len(rest) > 1 else ("defaults",),
        dump=(parse_number(rest[2]) or 0) if len(rest) > 2 else 0,
        check_pass=(parse_number(rest[3]) or 0) if len(rest) > 3 else 0,
    )


def _entry(guest: Guest, line: FstabLine, names: DeviceNames) -> FstabEntry:
    kind, wanted = classify(line)
    found = resolve(kind, wanted, names)
    return FstabEntry(
        line=line.line,
        spec=guest.quote(as_text(line.spec)),
        folder=line.folder,
        type=line.type,
        options=tuple(map(guest.quote_option, line.options)),
        dump=line.dump,
        check_pass=line.check_pass,
        kind=kind,
        state=_state(found),
        place=found.place if found else "",
        reason=found.reason if found else "",
        missing_role=found.missing_role if found else None,
    )


def _state(found: Resolution | None) -> EntryState:
    if found is None:
        return EntryState.ELSEWHERE
    return EntryState.FOUND if found.place else EntryState.UNRESOLVED


def classify(line: FstabLine) -> tuple[MountKind, str]:
    """Return what kind of thing a line's first field names, and the name itself."""
    spec = as_text(line.spec)
    tag, equals, value = spec.partition("=")
    if equals and tag in _TAGS:
        return _TAGS[tag], value.strip("\"'")
    for prefix, kind in _BY_LINKS.items():
        if spec.startswith(prefix):
            return kind, as_text(_undo_udev(as_path(spec.removeprefix(prefix))))
    if _NETWORK_TYPES.fullmatch(line.type) or ("_netdev" in line.options and ":" in spec):
        return MountKind.NETWORK, spec
    if spec.startswith("/dev/") or line.type == "zfs":
        return (MountKind.DEVICE if spec.startswith("/dev/") else MountKind.DATASET), spec
    if line.type in _VIRTUAL_TYPES:
        return MountKind.VIRTUAL, spec
    return (MountKind.FOLDER if spec.startswith("/") else MountKind.VIRTUAL), spec


def _undo_udev(name: bytes) -> bytes:
    r"""Undo udev's escapes in the names of links: `\x20` stands for a blank."""
    return _UDEV_HEX.sub(lambda match: bytes([int(match[1], 16)]), name)


def resolve(kind: MountKind, wanted: str, names: DeviceNames) -> Resolution | None:
    """Find what a name of this kind means on these disks; None where it lies on no disk."""
    ways = {
        MountKind.UUID: names.by_uuid,
        MountKind.LABEL: names.by_label,
        MountKind.PARTUUID: names.by_partition_uuid,
        MountKind.PARTLABEL: names.by_partition_label,
        MountKind.DEVICE: names.by_device,
        MountKind.DATASET: names.by_dataset,
    }
    find = ways.get(kind)
    return find(wanted) if find else None
