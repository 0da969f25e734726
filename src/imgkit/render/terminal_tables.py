"""A report for a terminal: what follows the summary, in tables, whole."""

from collections.abc import Iterator, Sequence

from imgkit.model.accounts import Group, User
from imgkit.model.boot import Kernel
from imgkit.model.contents import Contents, FoundFile
from imgkit.model.fact import Fact, T
from imgkit.model.mounts import FstabEntry
from imgkit.model.packages import Package, PackageDatabases
from imgkit.model.report import DataDisk, Report, SystemReport
from imgkit.model.storage import Storage
from imgkit.render.columns import fit, table
from imgkit.render.terminal import DEFAULT_WIDTH, describe_fact, password_words, place_of, system_title, usage_words
from imgkit.units import describe_bytes, format_utc

_INDENT = "  "
Rows = Sequence[Sequence[str]]


def render_tables(report: Report, *, width: int = DEFAULT_WIDTH) -> str:
    """Return every list of a report as a table with a title."""
    lines: list[str] = []
    for title, heads, rows in _tables(report):
        lines += ["", fit(title, width), *table(rows, width=width, indent=_INDENT, heads=heads if rows else ())]
    return "".join(line.rstrip() + "\n" for line in lines[1:])


def _tables(report: Report) -> Iterator[tuple[str, Sequence[str], Rows]]:
    yield "FILE SYSTEMS", ("place", "disks", "type", "label", "uuid", "usage"), list(_file_systems(report.storage))
    for system in report.systems:
        yield from _system_tables(system)
    for disk in report.data_disks:
        yield from _data_tables(disk)
    rows = [(one.level, one.subject, one.message) for one in report.diagnostics]
    yield f"DIAGNOSTICS ({len(rows)})", ("level", "subject", "message"), rows


def _file_systems(storage: Storage) -> Iterator[Sequence[str]]:
    for one in storage.file_systems:
        roles = ", ".join(role.name for role in one.roles)
        yield one.place, roles, one.type, one.label, one.uuid, usage_words(one)


def _system_tables(system: SystemReport) -> Iterator[tuple[str, Sequence[str], Rows]]:
    of = f" of {system.root} ({system_title(system)})"
    if system.accounts is not None:
        users, groups = system.accounts.users, system.accounts.groups
        yield _title("USERS" + of, users), _USER_HEADS, [_user(user) for user in users.value or ()]
        yield _title("GROUPS" + of, groups), ("gid", "name", "members"), _groups(groups.value or ())
    if system.mounts is not None:
        fstab = system.mounts.fstab
        yield _title("FSTAB" + of, fstab), _FSTAB_HEADS, [_fstab(entry) for entry in fstab.value or ()]
    if system.boot is not None:
        kernels = system.boot.kernels
        yield _title("KERNELS" + of, kernels), _KERNEL_HEADS, [_kernel(one) for one in kernels.value or ()]
    if system.packages is not None:
        yield from _package_tables(system.packages, of)


def _package_tables(packages: PackageDatabases, of: str) -> Iterator[tuple[str, Sequence[str], Rows]]:
    for name, fact in (("DPKG", packages.dpkg), ("RPM", packages.rpm), ("APK", packages.apk)):
        yield _title(f"{name} PACKAGES{of}", fact), _PACKAGE_HEADS, [_package(one) for one in fact.value or ()]


def _title(words: str, fact: Fact[tuple[T, ...]]) -> str:
    """Return a title that says how many there are, that there are none, or why nobody knows."""
    if fact.value is None:
        return f"{words}: {describe_fact(fact)}{f' ({fact.reason})' if fact.reason else ''}"
    return f"{words}: {len(fact.value)}{', incomplete' if fact.partial else ''}"


_USER_HEADS = ("uid", "gid", "name", "password", "changed", "expires", "home", "shell", "comment")


def _user(user: User) -> Sequence[str]:
    changed = user.password_changed.isoformat() if user.password_changed else ""
    expires = user.expires.isoformat() if user.expires else ""
    words = (str(user.uid), str(user.gid), user.name, password_words(user), changed, expires)
    return (*words, _decode(user.home), _decode(user.shell), user.comment)


def _groups(groups: Sequence[Group]) -> Rows:
    return [(str(group.gid), group.name, ", ".join(group.members)) for group in groups]


_FSTAB_HEADS = ("line", "folder", "what", "type", "options", "where")


def _fstab(entry: FstabEntry) -> Sequence[str]:
    options = ",".join(entry.options)
    return str(entry.line), _decode(entry.folder), entry.spec, entry.type, options, place_of(entry)


_KERNEL_HEADS = ("release", "image", "initramfs", "modules")


def _kernel(kernel: Kernel) -> Sequence[str]:
    initramfs = ", ".join(_decode(path) for path in kernel.initramfs)
    return kernel.version, _decode(kernel.image), initramfs, _decode(kernel.modules)


_PACKAGE_HEADS = ("name", "version", "architecture", "status", "installed", "vendor")


def _package(package: Package) -> Sequence[str]:
    version = "-".join(word for word in (package.version, package.release) if word)
    version = version if package.epoch is None else f"{package.epoch}:{version}"
    status = package.status or ("installed" if package.installed else "not installed")
    installed = format_utc(package.installed_at) if package.installed_at else ""
    return package.name, version, package.architecture, status, installed, package.vendor


def _data_tables(disk: DataDisk) -> Iterator[tuple[str, Sequence[str], Rows]]:
    for one in disk.file_systems:
        if one.contents is None:
            continue
        contents = one.contents.value
        if contents is None:
            yield f"CONTENTS of {one.place}: {describe_fact(one.contents)} ({one.contents.reason})", (), ()
            continue
        seen = "" if contents.whole else ", as far as the walk went"
        yield f"TOP of {one.place}{seen}", ("name", "kind", "mode", "owner", "files", "size"), _top(contents)
        yield f"LARGEST FILES of {one.place}{seen}", _FILE_HEADS, [_file(found) for found in contents.largest]
        yield f"NEWEST FILES of {one.place}{seen}", _FILE_HEADS, [_file(found) for found in contents.newest]


_FILE_HEADS = ("size", "modified", "path")


def _file(found: FoundFile) -> Sequence[str]:
    return describe_bytes(found.size), format_utc(found.modified) if found.modified else "", _decode(found.path)


def _top(contents: Contents) -> Rows:
    return [
        (
            _decode(entry.name),
            entry.kind,
            entry.mode,
            f"{entry.uid}:{entry.gid}",
            str(entry.files_below),
            describe_bytes(entry.bytes_below),
        )
        for entry in contents.top
    ]


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
