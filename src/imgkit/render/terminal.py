"""A report for a terminal: a summary of at most 60 lines."""

from collections.abc import Iterator, Sequence

from imgkit.model.accounts import PasswordState, User
from imgkit.model.boot import Kernel
from imgkit.model.contents import Contents
from imgkit.model.fact import Fact, FactState, T
from imgkit.model.identity import Identity
from imgkit.model.mounts import EntryState, FstabEntry
from imgkit.model.packages import PackageDatabases
from imgkit.model.report import DataDisk, DataFileSystem, Diagnostic, DiagnosticLevel, Report, SystemReport
from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, EncryptedState, FileSystem, Journal, Partition, Pool, Storage
from imgkit.render.columns import clip, fit, table, usage_bar
from imgkit.render.standing_out import short_subject, standing_out
from imgkit.render.tables_boot import boot_words
from imgkit.render.tables_cloud import cloud_words
from imgkit.render.tables_containers import container_words
from imgkit.render.tables_files import files_words
from imgkit.render.tables_logins import login_words
from imgkit.render.tables_logs import log_words
from imgkit.render.tables_network import network_words
from imgkit.render.tables_persistence import started_words
from imgkit.render.tables_servers import server_words
from imgkit.render.tables_ssh import ssh_words
from imgkit.render.tables_sudo import sudo_words
from imgkit.units import counted, describe_bytes

SUMMARY_LINES = 60
DEFAULT_WIDTH = 100
_INDENT = "  "
_MOST_QUESTIONS = 6
_MOST_NOTES = 4
_MOST_NAMED = 4
_MOST_REMARKS = 14


def render_summary(report: Report, *, width: int = DEFAULT_WIDTH) -> str:
    """Return what one look should tell: systems, disks, mounts, packages, users, kernels, and what is not known."""
    lines = [_verdict(report)]
    for system in report.systems:
        lines += ["", *_system_lines(system, width)]
    lines += ["", *_storage_lines(report.storage, report.missing_disks, width), *_data_lines(report, width)]
    limits = _diagnostic_lines(report.diagnostics, report.systems[0].root if len(report.systems) == 1 else "")
    return _text([*clip(lines, SUMMARY_LINES - len(limits)), *limits], width)


def describe_fact(fact: Fact[T], *, otherwise: str = "none") -> str:
    """Return a plain fact as words; nobody knowing never looks like there being none."""
    if fact.state is FactState.UNDETERMINED:
        return "could not be determined"
    return str(fact.value) if fact.state is FactState.PRESENT else otherwise


def system_title(system: SystemReport) -> str:
    """Return a system's name as its distribution writes it, with its full release."""
    if system.identity is None:
        return "operating system"
    found = system.identity.os.value
    if found is None:
        return f"operating system: {describe_fact(system.identity.os, otherwise='not identified')}"
    named = " ".join(word for word in (found.name, found.release) if word)
    return named if found.release or not found.pretty_name else found.pretty_name


def place_of(entry: FstabEntry) -> str:
    """Return where the file system of a line of fstab is, or that it is nowhere here."""
    if entry.state is EntryState.FOUND:
        return entry.place
    return f"NOT FOUND: {entry.reason}" if entry.state is EntryState.UNRESOLVED else "not on a disk"


def _text(lines: Sequence[str], width: int) -> str:
    return "".join(fit(line, width).rstrip() + "\n" for line in lines)


def _verdict(report: Report) -> str:
    systems = len(report.systems)
    counts = f"{len(report.storage.disks)} disk{_s(len(report.storage.disks))}, {systems} operating system{_s(systems)}"
    if report.complete:
        return f"{counts}; everything could be determined{_without_journals(report.storage)}"
    open_questions = sum(one.level is DiagnosticLevel.UNDETERMINED for one in report.diagnostics)
    return f"{counts}; INCOMPLETE: {open_questions} question{_s(open_questions)} left open, named at the end"


def _without_journals(storage: Storage) -> str:
    """Say at once what a look without a journal is a look at."""
    waiting = [one.place for one in storage.file_systems if one.journal is Journal.PENDING]
    return f"; JOURNAL UNREAD: {', '.join(waiting)}" if waiting else ""


def _system_lines(system: SystemReport, width: int) -> list[str]:
    rows = [*_identity_rows(system.identity)] if system.identity else []
    rows += [("kernels", _kernel_words(system.boot.kernels)), ("boot", boot_words(system.boot))] if system.boot else []
    rows += [("packages", _package_words(system.packages))] if system.packages else []
    rows += [("network", network_words(system.network))] if system.network else []
    rows += [("cloud", cloud_words(system.cloud))] if system.cloud else []
    rows += [("logs", log_words(system.logs))] if system.logs else []
    rows += [("containers", container_words(system.containers))] if system.containers else []
    rows += [("servers", server_words(system.servers))] if system.servers else []
    rows += [("files", files_words(system.files))] if system.files else []
    rows += [("sudo", sudo_words(system.accounts.sudoers))] if system.accounts else []
    rows += [("log-ins", login_words(system.logins))] if system.logins else []
    rows += [("SSH", ssh_words(system.ssh))] if system.ssh else []
    rows += [("starts", started_words(system.persistence))] if system.persistence else []
    return [
        f"SYSTEM on {system.root}: {system_title(system)}{_architecture_words(system.identity)}",
        *table(_present(rows), width=width, indent=_INDENT),
        *(_login_lines(system.accounts.users, width) if system.accounts else ()),
        *(_mount_lines(system.mounts.fstab, width) if system.mounts else ()),
    ]


def _present(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is not there takes one line for all."""
    nothing = ", ".join(name for name, words in rows if not words)
    return [*(row for row in rows if row[1]), *([("not there", nothing)] if nothing else ())]


def _architecture_words(identity: Identity | None) -> str:
    if identity is None or identity.architecture.state is FactState.ABSENT:
        return ""
    found = identity.architecture
    return f", {found.value.name if found.value else describe_fact(found)}"


def _identity_rows(identity: Identity) -> Iterator[tuple[str, str]]:
    zone = identity.timezone.value
    yield "host name", describe_fact(identity.hostname, otherwise="")
    yield "machine id", describe_fact(identity.machine_id, otherwise="")
    words = (zone.name or zone.rule) if zone else describe_fact(identity.timezone, otherwise="UTC (none set)")
    yield "time zone", words
    yield "locale", describe_fact(identity.locale, otherwise="")


def _kernel_words(kernels: Fact[tuple[Kernel, ...]]) -> str:
    if kernels.value is None:
        return describe_fact(kernels, otherwise="")
    words = [kernel.version + (f" ({lack})" if (lack := _lack(kernel)) else "") for kernel in kernels.value]
    return ", ".join(reversed(words))


def _lack(kernel: Kernel) -> str:
    parts = (("image", kernel.image), ("initramfs", kernel.initramfs), ("modules", kernel.modules))
    missing = [name for name, found in parts if not found]
    return f"no {', no '.join(missing)}" if missing else ""


def _package_words(packages: PackageDatabases) -> str:
    words = []
    for manager in ("dpkg", "rpm", "apk"):
        fact = getattr(packages, manager)
        if fact.state is FactState.UNDETERMINED:
            words.append(f"{manager}: could not be determined")
        elif fact.value is not None:
            installed = sum(package.installed for package in fact.value)
            words.append(f"{installed} ({manager}{', incomplete' if fact.partial else ''})")
    return ", ".join(words)


def _login_lines(users: Fact[tuple[User, ...]], width: int) -> list[str]:
    if users.value is None:
        return [f"{_INDENT}users       {describe_fact(users)}"]
    able = [user for user in users.value if user.login_shell]
    rows = [(user.name, f"uid {user.uid}", password_words(user), _decode(user.shell)) for user in able]
    return [
        f"{_INDENT}users with a login shell: {len(able)} of {len(users.value)}",
        *clip(table(rows, width=width, indent=_INDENT * 2), 6, indent=_INDENT * 2),
    ]


def password_words(user: User) -> str:
    """Return the state of a user's password as words, with the algorithm of its hash."""
    words = {
        PasswordState.SET: "password set",
        PasswordState.LOCKED: "password locked",
        PasswordState.EMPTY: "NO PASSWORD ASKED",
        PasswordState.NO_ENTRY: "no shadow entry",
        PasswordState.UNDETERMINED: "password: could not be determined",
    }[user.password]
    return f"{words} ({user.algorithm})" if user.algorithm else words


def _mount_lines(fstab: Fact[tuple[FstabEntry, ...]], width: int) -> list[str]:
    if fstab.value is None:
        return [f"{_INDENT}mounts      {describe_fact(fstab, otherwise='no fstab')}"]
    if not fstab.value:
        return [f"{_INDENT}mounts      none in fstab"]
    rows = [(_decode(entry.folder), place_of(entry), entry.type, entry.spec) for entry in fstab.value]
    return [f"{_INDENT}mounts by fstab:", *clip(table(rows, width=width, indent=_INDENT * 2), 8, indent=_INDENT * 2)]


def _storage_lines(storage: Storage, missing: Sequence[DiskRole], width: int) -> list[str]:
    rows = [row for disk in storage.disks for row in _disk_rows(storage, disk)]
    rows += [
        (f"{_INDENT}{volume.place}", describe_bytes(volume.size_bytes), *_held(storage, volume.place))
        for volume in storage.logical_volumes
    ]
    rows += [(f"{_INDENT}{pool.place}", "", f"pool, {pool.state}", _pool_words(pool), "") for pool in storage.pools]
    rows += [(role.name, "", "NOT IN THIS SET", "", "") for role in missing]
    return ["DISKS", *clip(table(rows, width=width, indent=_INDENT), 16)]


def _disk_rows(storage: Storage, disk: Disk) -> Iterator[tuple[str, str, str, str, str]]:
    kind, about, usage = _held(storage, disk.place)
    yield disk.place, describe_bytes(disk.size_bytes), kind or f"table: {disk.table}", about, usage
    for one in storage.partitions:
        if one.role == disk.role:
            kind, about, usage = _held(storage, one.place)
            yield f"{_INDENT}{one.place}", describe_bytes(one.size_bytes), kind, about or _partition_words(one), usage


def _partition_words(partition: Partition) -> str:
    return partition.name or (f"type {partition.type}" if partition.type else "")


def _pool_words(pool: Pool) -> str:
    lost = f", {pool.missing_disks} MISSING" if pool.missing_disks else ""
    return f"on {counted(len(pool.members), 'disk', 'disks')}{lost}"


def _held(storage: Storage, place: str) -> tuple[str, str, str]:
    """Return what a disk, partition or volume holds: kind, label, usage."""
    lock = next((one for one in storage.encrypted if one.place == place), None)
    if lock is not None and lock.state is not EncryptedState.OPENED:
        return f"{lock.type}, encrypted", lock.label, ""
    kind, about, usage = _held_openly(storage, place)
    return f"{kind or 'opened'} in {lock.type}" if lock else kind, about, usage


def _held_openly(storage: Storage, place: str) -> tuple[str, str, str]:
    for volume in storage.physical_volumes:
        if volume.place == place:
            return "LVM", f"group {volume.group}" if volume.group else "", ""
    for member in storage.members:
        if member.place == place:
            return member.type, member.label or member.detail, ""
    for one in storage.file_systems:
        if one.place == place:
            return one.type, _label_words(one), usage_words(one)
    if place in storage.blank:
        return "blank", "zeroes at both ends", ""
    return ("holds nothing known" if any(one.what == place for one in storage.undetermined) else ""), "", ""


def _label_words(one: FileSystem) -> str:
    in_use = {Journal.REPLAYED: "was in use", Journal.PENDING: "WAS IN USE, journal unread"}.get(one.journal, "")
    return ", ".join(word for word in (one.label, in_use) if word)


def usage_words(one: FileSystem) -> str:
    """Return how full a file system is, or why nobody knows."""
    if one.error:
        return f"could not be determined: {one.error}"
    if one.used_bytes is None:
        return ""
    if one.size_bytes is None:  # a data set of ZFS has no size of its own
        return f"{describe_bytes(one.used_bytes)} in use"
    total = one.used_bytes + one.free_bytes if one.free_bytes is not None else one.size_bytes
    return f"{usage_bar(one.used_bytes, total)} {describe_bytes(one.used_bytes)} of {describe_bytes(total)}"


def _data_lines(report: Report, width: int) -> list[str]:
    rows: list[tuple[str, str, str, str]] = []
    shown: set[str] = set()  # a pool or a volume group over several disks has the same file systems on each
    for disk in report.data_disks:
        name = disk.role.name
        new = [one for one in disk.file_systems if one.place not in shown]
        rows += [(name, _part_words(one, disk), *_contents_words(one)) for one in new]
        if not disk.file_systems:
            rows.append((name, "", _nothing_words(report.storage, name), ""))
        elif not new:
            rows.append((name, "", "a part of what stands above", ""))
        shown |= {one.place for one in new}
    if not rows:
        return []
    return ["", "DISKS WITHOUT AN OPERATING SYSTEM", *clip(table(rows, width=width, indent=_INDENT), 8)]


def _part_words(one: DataFileSystem, disk: DataDisk) -> str:
    """A file system on a disk without partitions has the disk's own name, which would stand there twice."""
    return "whole disk" if one.place == disk.role.name else one.place


def _nothing_words(storage: Storage, name: str) -> str:
    return "blank" if name in storage.blank else "no file system that could be read"


def _contents_words(one: DataFileSystem) -> tuple[str, str]:
    if one.contents is None:
        return "", ""
    contents = one.contents.value
    if contents is None:
        return describe_fact(one.contents), ""
    seen = "" if contents.whole else "at least "
    counts = f"{seen}{contents.files} file{_s(contents.files)}, {describe_bytes(contents.bytes_in_files)}"
    return counts, _top_words(contents)


def _top_words(contents: Contents) -> str:
    if contents.holdings:
        return _first_of([f"{one.kind} {one.version}".strip() for one in contents.holdings])
    by_room = sorted(contents.top, key=lambda entry: (-entry.bytes_below, entry.name))
    return _first_of(
        [
            _decode(entry.name) + (f" ({describe_bytes(entry.bytes_below)})" if entry.bytes_below else "")
            for entry in by_room
        ]
    )


def _first_of(words: Sequence[str]) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f", and {more} more" if more > 0 else "")


def _diagnostic_lines(diagnostics: Sequence[Diagnostic], lone_root: str) -> list[str]:
    of_level = {level: [one for one in diagnostics if one.level is level] for level in DiagnosticLevel}
    questions, notes = (
        [f"{short_subject(one.subject, lone_root=lone_root)}: {one.message}" for one in of_level[level]]
        for level in (DiagnosticLevel.UNDETERMINED, DiagnosticLevel.NOTE)
    )
    lines: list[str] = []
    for title, most, found in (
        ("STANDS OUT", _MOST_REMARKS, standing_out(of_level[DiagnosticLevel.REMARK], lone_root=lone_root)),
        ("NOTES", _MOST_NOTES, notes),
        ("COULD NOT BE DETERMINED", _MOST_QUESTIONS, questions),
    ):
        if found:
            lines += ["", title, *clip([_INDENT + one for one in found], most)]
    return lines


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _s(count: int) -> str:
    return "" if count == 1 else "s"
