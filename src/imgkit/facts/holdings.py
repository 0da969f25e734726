"""What a disk is used for, by names that lie together: databases, volumes, backup stores; and its kinds of files."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Guest, as_text
from imgkit.model.contents import FileKind, Holding
from imgkit.model.fact import Source
from imgkit.model.tree import Entry, EntryKind

_MOST_FOLDERS = 20_000
MOST_HOLDINGS = 200
_SHORT = 64 * 1024

# What must lie in one folder for it to be one of these. A folder's name ends with a slash. A file that is empty does
# not count: who only made room for a database has none yet.
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("PostgreSQL data", ("PG_VERSION", "base/")),
    ("PostgreSQL data", ("PG_VERSION", "global/")),
    ("PostgreSQL data", ("PG_VERSION", "pg_wal/")),
    ("PostgreSQL data", ("PG_VERSION", "pg_xlog/")),
    ("MySQL or MariaDB data", ("ibdata1",)),
    ("MySQL or MariaDB data", ("mysql.ibd",)),
    ("MySQL or MariaDB data", ("aria_log_control", "mysql/")),
    ("MySQL or MariaDB data", ("mysql/user.frm",)),
    ("MySQL or MariaDB data", ("mysql/global_priv.frm",)),
    ("MongoDB data", ("WiredTiger", "WiredTiger.wt")),
    ("MongoDB data", ("WiredTiger", "WiredTiger.turtle")),
    ("MongoDB data", ("WiredTiger", "_mdb_catalog.wt")),
    ("MongoDB data", ("WiredTiger", "storage.bson")),
    ("MongoDB data", ("local.0", "local.ns")),  # of the engine MMAPv1, up to 4.0
    ("Redis data", ("dump.rdb",)),
    ("Redis data", ("appendonlydir/appendonly.aof.manifest",)),
    ("Redis data", ("appendonly.aof",)),
    ("etcd data", ("member/snap/", "member/wal/")),
    ("Elasticsearch data", ("nodes/", "_state/")),
    ("Elasticsearch data", ("indices/", "_state/")),
    ("ClickHouse data", ("metadata/", "store/", "uuid")),
    ("Kafka data", ("meta.properties", "recovery-point-offset-checkpoint")),
    ("RabbitMQ data", ("mnesia/", ".erlang.cookie")),
    ("InfluxDB data", ("influxd.bolt", "engine/")),
    ("Prometheus data", ("chunks_head/", "wal/")),
    ("SQL Server data", ("master.mdf",)),
    ("Oracle data", ("system01.dbf",)),
    ("Docker's data", ("overlay2/", "containers/")),
    ("Docker's volumes", ("metadata.db", "backingFsBlockDev")),
    ("containerd's data", ("io.containerd.metadata.v1.bolt/",)),
    ("Podman's data", ("overlay-images/", "overlay-layers/")),
    ("kubelet's data", ("pods/", "cpu_manager_state")),
    ("borg repository", ("README", "config", "data/0/")),
    ("restic repository", ("config", "data/", "keys/", "snapshots/")),
    ("git repository", ("HEAD", "objects/", "refs/")),
    ("Subversion repository", ("format", "db/", "hooks/", "conf/")),
    ("LVM or system backup of an old /etc", ("fstab", "passwd", "shadow")),
    ("web site of WordPress", ("wp-config.php", "wp-content/")),
)
# What such a file begins with, where its name alone is one that anybody may give.
_BEGINNINGS: Mapping[tuple[str, ...], tuple[bytes, ...]] = {("dump.rdb",): (b"REDIS", b"VALKEY")}
_ENDINGS: Mapping[bytes, str] = {
    ending: kind
    for kind, endings in {
        "archive": b".tar .tgz .tbz .txz .tzst .gz .bz2 .xz .zst .lz4 .7z .zip .rar .cpio .rpm .deb .jar .war",
        "dump of a database": b".sql .dump .rdb .bson .dmp .xbstream .pgdump .sql.gz .sql.xz .sql.zst .sql.bz2",
        "backup": b".bak .backup .bkf .old .orig .vbk .vib .tib .bk",
        "disk image": b".qcow2 .vmdk .vhd .vhdx .vdi .raw .img .iso .e01 .ova .ovf",
        "key or certificate": b".pem .key .p12 .pfx .jks .ppk .kdbx .gpg .asc .crt .cer",
        "database file": b".db .sqlite .sqlite3 .mdb .accdb .ibd .myd .frm .mdf .ldf .ndf .dbf",
        "log": b".log .evtx .journal",
        "mail": b".pst .ost .eml .mbox",
        "office document": b".doc .docx .xls .xlsx .ppt .pptx .pdf .odt .ods .csv",
        "script": b".sh .py .pl .php .jsp .jspx .asp .aspx .ps1 .bat .vbs .rb .lua",
        "program of Windows": b".exe .dll .msi .sys .scr",
    }.items()
    for ending in endings.split()
}


def _by_name() -> Mapping[bytes, Sequence[bytes]]:
    """Return the marks, which are paths below their folder, by the last of their names."""
    found: dict[bytes, list[bytes]] = {}
    for mark in sorted({mark.encode() for _, marks in _MARKS for mark in marks}):
        found.setdefault(mark.rstrip(b"/").rpartition(b"/")[2], []).append(mark)
    return found


_MARKS_BY_NAME = _by_name()


@dataclass(slots=True)
class _Count:
    files: int = 0
    total_bytes: int = 0
    largest: bytes = b""
    largest_bytes: int = -1


class HoldingsVisitor:
    """Remembers which telling names lie together, and counts files by their endings."""

    def __init__(self) -> None:
        self.together: dict[bytes, set[bytes]] = {}
        self._counts: dict[str, _Count] = {}

    def see(self, path: bytes, entry: Entry) -> None:
        for mark in _MARKS_BY_NAME.get(entry.name, ()):
            below = b"/" + mark.rstrip(b"/")
            if path.endswith(below) and _is_mark(mark, entry):
                self._remember(path[: 1 - len(below)], mark)
        if entry.kind is EntryKind.FILE and b"." in entry.name:
            self._count(path, entry)

    def _remember(self, folder: bytes, mark: bytes) -> None:
        if folder in self.together:
            self.together[folder].add(mark)
        elif len(self.together) < _MOST_FOLDERS:
            self.together[folder] = {mark}

    def kinds(self) -> tuple[FileKind, ...]:
        """Return the counts, what takes most room first."""
        ordered = sorted(self._counts.items(), key=lambda one: (-one[1].total_bytes, one[0]))
        return tuple(
            FileKind(kind=kind, files=one.files, total_bytes=one.total_bytes, largest=one.largest)
            for kind, one in ordered
        )

    def _count(self, path: bytes, entry: Entry) -> None:
        kind = kind_of(entry.name)
        if not kind:
            return
        count = self._counts.setdefault(kind, _Count())
        count.files += 1
        count.total_bytes += entry.size
        if entry.size > count.largest_bytes:
            count.largest, count.largest_bytes = path, entry.size


def kind_of(name: bytes) -> str:
    """Return the kind of a file by the end of its name; `x.sql.gz` is a dump before it is an archive."""
    parts = name.lower().rsplit(b".", 2)
    if len(parts) == 3 and (kind := _ENDINGS.get(b"." + b".".join(parts[1:]))):
        return kind
    return _ENDINGS.get(b"." + parts[-1], "") if len(parts) > 1 else ""


def describe_holdings(guest: Guest, seen: HoldingsVisitor) -> tuple[tuple[Holding, ...], tuple[Source, ...]]:
    """Return what was recognised, with the versions that files in it tell; of those the beginnings may be enough."""
    sources: list[Source] = []
    found: dict[tuple[str, bytes], Holding] = {}
    for folder, kind, marks in _recognised(seen):
        if len(found) >= MOST_HOLDINGS:
            break
        if (kind, folder) not in found and _begins_so(guest, folder, marks):
            version = _version(guest, kind, folder, sources)
            found[kind, folder] = Holding(kind=kind, path=folder[:-1] or b"/", version=version)
    return tuple(found[key] for key in sorted(found)), tuple(sources)


def _recognised(seen: HoldingsVisitor) -> Iterator[tuple[bytes, str, tuple[str, ...]]]:
    for folder, names in sorted(seen.together.items()):
        for kind, marks in _MARKS:
            if names.issuperset(mark.encode() for mark in marks):
                yield folder, kind, marks


def _is_mark(mark: bytes, entry: Entry) -> bool:
    """A link may lead to either, such as PostgreSQL's log on another disk."""
    if entry.kind is EntryKind.LINK:
        return True
    return entry.kind is EntryKind.FOLDER if mark.endswith(b"/") else entry.kind is EntryKind.FILE and entry.size > 0


def _begins_so(guest: Guest, folder: bytes, marks: tuple[str, ...]) -> bool:
    wanted = _BEGINNINGS.get(marks)
    if wanted is None:
        return True
    try:
        return guest.read(folder + marks[0].encode(), limit=max(map(len, wanted))).data.startswith(wanted)
    except (NoSuchPathInside, CannotLookInside):
        return False


def _version(guest: Guest, kind: str, folder: bytes, sources: list[Source]) -> str:
    for name, read in _VERSIONS.get(kind, ()):
        try:
            content = guest.read(folder + name, limit=_SHORT)
        except (NoSuchPathInside, CannotLookInside):
            continue
        version = read(content.data)
        if version:
            sources.append(content.source)
            return version
    return ""


def _first_line(data: bytes) -> str:
    return as_text(data.split(b"\n", 1)[0].strip(b"\0 \r\t")[:100])


def _redis(data: bytes) -> str:
    """An RDB file begins with `REDIS` and four digits; `redis-ver` follows as a string with its length before it.

    That of Valkey from 9 on begins with `VALKEY`, and three digits.
    """
    match = re.match(
        rb"(?:REDIS|VALKEY)(\d{3,4})(?:.{0,64}?(?:redis|valkey)-ver(?P<size>.)(?P<rest>.{0,32}))?", data, re.DOTALL
    )
    if match is None:
        return ""
    if match["size"] is None:
        return f"RDB {int(match[1])}"
    return as_text(match["rest"][: match["size"][0] & 0x3F])


_VERSIONS: Mapping[str, tuple[tuple[bytes, Callable[[bytes], str]], ...]] = {
    "PostgreSQL data": ((b"PG_VERSION", _first_line),),
    "MySQL or MariaDB data": (
        (b"mysql_upgrade_info", _first_line),
        (
            b"mysql_upgrade_history",
            lambda data: as_text(b"".join(re.findall(rb'"version":\s*"([^"]{1,40})"', data)[-1:])),
        ),
        (b"mariadb_upgrade_info", _first_line),
    ),
    "MongoDB data": ((b"WiredTiger", _first_line),),
    "Redis data": ((b"dump.rdb", _redis),),
}
