"""What a disk is used for, by names that lie together: databases, volumes, backup stores; and its kinds of files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Guest, as_text
from imgkit.model.contents import FileKind, Holding
from imgkit.model.fact import Source
from imgkit.model.tree import Entry, EntryKind

_MOST_FOLDERS = 20_000
_MOST_HOLDINGS = 200
_SHORT = 64 * 1024

# What must lie in one folder for it to be one of these.
_MARKS: tuple[tuple[str, frozenset[bytes]], ...] = (
    ("PostgreSQL data", frozenset({b"PG_VERSION", b"base", b"global"})),
    ("MySQL or MariaDB data", frozenset({b"ibdata1", b"mysql"})),
    ("MongoDB data", frozenset({b"WiredTiger", b"storage.bson"})),
    ("Redis data", frozenset({b"dump.rdb"})),
    ("Redis data", frozenset({b"appendonlydir"})),
    ("Redis data", frozenset({b"appendonly.aof"})),
    ("etcd data", frozenset({b"member"})),
    ("Elasticsearch data", frozenset({b"nodes", b"_state"})),
    ("Elasticsearch data", frozenset({b"indices", b"_state"})),
    ("ClickHouse data", frozenset({b"metadata", b"store", b"uuid"})),
    ("Kafka data", frozenset({b"meta.properties", b"recovery-point-offset-checkpoint"})),
    ("RabbitMQ data", frozenset({b"mnesia", b".erlang.cookie"})),
    ("InfluxDB data", frozenset({b"influxd.bolt", b"engine"})),
    ("Prometheus data", frozenset({b"chunks_head", b"wal"})),
    ("SQL Server data", frozenset({b"master.mdf"})),
    ("Oracle data", frozenset({b"system01.dbf"})),
    ("Docker's data", frozenset({b"overlay2", b"containers"})),
    ("Docker's volumes", frozenset({b"metadata.db", b"backingFsBlockDev"})),
    ("containerd's data", frozenset({b"io.containerd.metadata.v1.bolt"})),
    ("Podman's data", frozenset({b"overlay-images", b"overlay-layers"})),
    ("kubelet's data", frozenset({b"pods", b"cpu_manager_state"})),
    ("borg repository", frozenset({b"config", b"data", b"hints.0"})),
    ("restic repository", frozenset({b"config", b"data", b"keys", b"snapshots"})),
    ("git repository", frozenset({b"HEAD", b"objects", b"refs"})),
    ("Subversion repository", frozenset({b"format", b"db", b"hooks", b"conf"})),
    ("LVM or system backup of an old /etc", frozenset({b"fstab", b"passwd", b"shadow"})),
    ("web site of WordPress", frozenset({b"wp-config.php", b"wp-content"})),
)
_NAMES = frozenset(name for _, names in _MARKS for name in names)
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
        if entry.name in _NAMES:
            folder = path[: -len(entry.name)]
            if folder in self.together:
                self.together[folder].add(entry.name)
            elif len(self.together) < _MOST_FOLDERS:
                self.together[folder] = {entry.name}
        if entry.kind is EntryKind.FILE and b"." in entry.name:
            self._count(path, entry)

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
    """Return what was recognised, with the versions that files in it tell."""
    found = [
        (folder, kind) for folder, names in sorted(seen.together.items()) for kind, marks in _MARKS if marks <= names
    ]
    sources: list[Source] = []
    holdings = {
        (kind, folder): Holding(kind=kind, path=folder[:-1] or b"/", version=_version(guest, kind, folder, sources))
        for folder, kind in found[:_MOST_HOLDINGS]
    }
    return tuple(holdings[key] for key in sorted(holdings)), tuple(sources)


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
    """An RDB file begins with `REDIS` and four digits; `redis-ver` follows as a string with its length before it."""
    match = re.match(rb"REDIS(\d{4})(?:.{0,64}?redis-ver(?P<size>.)(?P<rest>.{0,32}))?", data, re.DOTALL)
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
