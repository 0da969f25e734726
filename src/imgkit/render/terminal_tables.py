"""A report for a terminal: what follows the summary, in tables, whole."""

from collections.abc import Iterator, Sequence

from imgkit.model.accounts import Group, User
from imgkit.model.boot import Kernel
from imgkit.model.contents import Contents, FoundFile
from imgkit.model.mounts import FstabEntry
from imgkit.model.packages import Package, PackageDatabases, Repository
from imgkit.model.report import DataFileSystem, Report, SystemReport
from imgkit.model.storage import Storage
from imgkit.render.columns import fit, table
from imgkit.render.tables_boot import boot_tables
from imgkit.render.tables_cloud import cloud_tables
from imgkit.render.tables_containers import container_tables
from imgkit.render.tables_files import files_tables
from imgkit.render.tables_logins import login_tables
from imgkit.render.tables_logs import log_tables
from imgkit.render.tables_mounts import mount_tables
from imgkit.render.tables_network import network_tables
from imgkit.render.tables_persistence import persistence_tables
from imgkit.render.tables_servers import server_tables
from imgkit.render.tables_ssh import ssh_tables
from imgkit.render.tables_sudo import sudo_tables
from imgkit.render.terminal import DEFAULT_WIDTH, describe_fact, password_words, place_of, system_title, usage_words
from imgkit.render.titles import Rows, Table, list_title
from imgkit.units import describe_bytes, format_utc

_INDENT = "  "


def render_tables(report: Report, *, width: int = DEFAULT_WIDTH) -> str:
    """Return every list of a report as a table with a title."""
    lines: list[str] = []
    for title, heads, rows in _tables(report):
        lines += ["", fit(title, width), *table(rows, width=width, indent=_INDENT, heads=heads if rows else ())]
    return "".join(line.rstrip() + "\n" for line in lines[1:])


def _tables(report: Report) -> Iterator[tuple[str, Sequence[str], Rows]]:
    held = list(_file_systems(report.storage))
    heads = ("place", "disks", "type", "label", "uuid", "usage")
    yield ("FILE SYSTEMS" if held else "FILE SYSTEMS: none that could be read"), heads, held
    for system in report.systems:
        yield from _system_tables(system)
    # A volume group or a pool over several disks has its file systems on each of them: they are shown once.
    for one in {one.place: one for disk in report.data_disks for one in disk.file_systems}.values():
        yield from _data_tables(one)
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
        yield list_title("USERS" + of, users), _USER_HEADS, [_user(user) for user in users.value or ()]
        yield (
            list_title("GROUPS" + of, groups),
            ("gid", "name", "members", "administrators"),
            _groups(groups.value or ()),
        )
        yield from sudo_tables(system.accounts, of)
    if system.logins is not None:
        yield from login_tables(system.logins, of)
    if system.ssh is not None:
        yield from ssh_tables(system.ssh, of)
    if system.persistence is not None:
        yield from persistence_tables(system.persistence, of)
    if system.mounts is not None:
        fstab = system.mounts.fstab
        yield list_title("FSTAB" + of, fstab), _FSTAB_HEADS, [_fstab(entry) for entry in fstab.value or ()]
        yield from mount_tables(system.mounts, of)
    if system.boot is not None:
        kernels = system.boot.kernels
        yield list_title("KERNELS" + of, kernels), _KERNEL_HEADS, [_kernel(one) for one in kernels.value or ()]
        yield from boot_tables(system.boot, of)
    if system.packages is not None:
        yield from _package_tables(system.packages, of)
    yield from network_tables(system.network, of)
    yield from cloud_tables(system.cloud, of)
    yield from log_tables(system.logs, of)
    yield from container_tables(system.containers, of)
    yield from server_tables(system.servers, of)
    yield from files_tables(system.files, of)


def _package_tables(packages: PackageDatabases, of: str) -> Iterator[tuple[str, Sequence[str], Rows]]:
    for name, fact in (("DPKG", packages.dpkg), ("RPM", packages.rpm), ("APK", packages.apk)):
        yield list_title(f"{name} PACKAGES{of}", fact), _PACKAGE_HEADS, [_package(one) for one in fact.value or ()]
    places, bundles = packages.repositories, packages.bundles
    yield list_title("REPOSITORIES" + of, places), _PLACE_HEADS, [_place(one) for one in places.value or ()]
    rows = [(one.kind, one.name, ", ".join(one.revisions), one.current) for one in bundles.value or ()]
    yield list_title("BUNDLES" + of, bundles), ("kind", "name", "revisions", "in use"), rows


_GROUP_HEADS = ("gid", "name", "members", "administrators")
_USER_HEADS = ("uid", "gid", "name", "password", "changed", "expires", "home", "shell", "comment")


def _user(user: User) -> Sequence[str]:
    changed = user.password_changed.isoformat() if user.password_changed else ""
    expires = user.expires.isoformat() if user.expires else ""
    words = (str(user.uid), str(user.gid), user.name, password_words(user), changed, expires)
    return (*words, _decode(user.home), _decode(user.shell), user.comment)


def _groups(groups: Sequence[Group]) -> Rows:
    return [
        (
            str(group.gid),
            group.name,
            ", ".join(dict.fromkeys((*group.members, *group.shadow_members))),
            ", ".join(group.administrators),
        )
        for group in groups
    ]


_FSTAB_HEADS = ("line", "folder", "what", "type", "options", "where")


def _fstab(entry: FstabEntry) -> Sequence[str]:
    options = ",".join(entry.options)
    return str(entry.line), _decode(entry.folder), entry.spec, entry.type, options, place_of(entry)


_KERNEL_HEADS = ("release", "image", "initramfs", "modules")


def _kernel(kernel: Kernel) -> Sequence[str]:
    initramfs = ", ".join(_decode(path) for path in kernel.initramfs)
    return kernel.version, _decode(kernel.image), initramfs, _decode(kernel.modules)


_PLACE_HEADS = ("kind", "name", "enabled", "addresses", "suites", "signatures", "file")


def _place(one: Repository) -> Sequence[str]:
    signed = {None: "as by default", True: "asked for", False: "NOT ASKED FOR"}[one.signed]
    suites = " ".join((*one.suites, *one.components))
    addresses = ", ".join(one.addresses)
    return one.kind, one.name, "yes" if one.enabled else "no", addresses, suites, signed, _decode(one.path)


_PACKAGE_HEADS = ("name", "version", "architecture", "status", "installed", "vendor", "key")


def _package(package: Package) -> Sequence[str]:
    version = "-".join(word for word in (package.version, package.release) if word)
    version = version if package.epoch is None else f"{package.epoch}:{version}"
    status = package.status or ("installed" if package.installed else "not installed")
    installed = format_utc(package.installed_at) if package.installed_at else ""
    return package.name, version, package.architecture, status, installed, package.vendor, package.signed_by


def _data_tables(one: DataFileSystem) -> Iterator[Table]:
    yield from files_tables(one.files, f" of {one.place}")
    if one.contents is None:
        return
    contents = one.contents.value
    if contents is None:
        yield f"CONTENTS of {one.place}: {describe_fact(one.contents)} ({one.contents.reason})", (), ()
        return
    seen = "" if contents.whole else ", as far as the walk went"
    filled = [(title, heads, rows) for title, heads, rows in _contents_tables(contents, one) if rows]
    if not filled:
        yield f"CONTENTS of {one.place}: none{seen}", (), ()
    for title, heads, rows in filled:
        yield f"{title} of {one.place}{seen}", heads, rows


def _contents_tables(contents: Contents, one: DataFileSystem) -> Iterator[Table]:
    yield "TOP", ("name", "kind", "mode", "owner", "files", "size"), _top(contents)
    folders = [
        (describe_bytes(two.bytes_below), str(two.files_below), _decode(two.path)) for two in contents.large_folders
    ]
    yield "LARGEST FOLDERS", ("size", "files", "path"), folders
    held = [(two.kind, two.version, _decode(two.path)) for two in contents.holdings]
    yield "USES", ("what", "version", "path"), held
    kinds = [
        (two.kind, str(two.files), describe_bytes(two.total_bytes), _decode(two.largest)) for two in contents.kinds
    ]
    yield "KINDS OF FILES", ("kind", "files", "size", "the largest"), kinds
    if one.files is None or one.files.value is None:  # else they are there already, with more about each
        yield "LARGEST FILES", _FILE_HEADS, [_file(found) for found in contents.largest]
        yield "NEWEST FILES", _FILE_HEADS, [_file(found) for found in contents.newest]


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
