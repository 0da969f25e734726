"""Packages of Debian and Ubuntu: dpkg's status file, and the status.d of images made without dpkg."""

from collections.abc import Iterable, Iterator

from imgkit.errors import NoSuchPathInside
from imgkit.facts.guest import Content, Guest, as_text
from imgkit.model.fact import Fact
from imgkit.model.packages import Package
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_STATUS = b"/var/lib/dpkg/status"
_STATUS_FOLDER = b"/var/lib/dpkg/status.d"
_STATUS_BYTES = 64 * MiB
_FIELDS = {b"package", b"version", b"architecture", b"status", b"source", b"maintainer"}


def read_dpkg(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what dpkg knows of, also packages of which only the configuration is left."""
    contents = list(_status_files(guest))
    if not contents:
        return Fact.absent("there is no dpkg database")
    packages: list[Package] = []
    nameless = 0
    for content in contents:
        for stanza in parse_stanzas(content.data):
            package = _package(stanza)
            packages += [package] if package else []
            nameless += package is None
    notes = (f"{nameless} of its entries name no package",) if nameless else ()
    return Fact.present(
        tuple(sorted(packages, key=lambda one: (one.name, one.architecture, one.version))),
        partial=bool(nameless),
        notes=notes,
        sources=tuple(content.source for content in contents),
    )


def parse_stanzas(data: bytes) -> Iterator[dict[bytes, str]]:
    """Yield the fields that matter of each paragraph, under their names in small letters; the first of a name holds."""
    stanza: dict[bytes, str] = {}
    begun = False
    for line in _lines(data):
        if not line.strip():
            if begun:
                yield stanza
            stanza, begun = {}, False
            continue
        begun = True
        name, colon, value = line.partition(b":")
        if colon and name.lower() in _FIELDS:
            stanza.setdefault(name.lower(), as_text(value.strip()))
    if begun:
        yield stanza


def _lines(data: bytes) -> Iterable[bytes]:
    """Yield lines one by one: a list of all would need several times the memory of a large status file."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end == -1 else end
        yield data[start:end]
        start = end + 1


def _status_files(guest: Guest) -> Iterator[Content]:
    status = guest.read_first(_STATUS, limit=_STATUS_BYTES)
    if status is not None:
        yield status
    for entry in guest.folder(_STATUS_FOLDER) or ():
        if entry.kind is not EntryKind.FOLDER and not entry.name.endswith(b".md5sums"):
            try:
                yield guest.read(_STATUS_FOLDER + b"/" + entry.name)
            except NoSuchPathInside:  # a link that leads nowhere
                continue


def _package(stanza: dict[bytes, str]) -> Package | None:
    name = stanza.get(b"package", "")
    if not name:
        return None
    status = stanza.get(b"status", "")
    return Package(
        name=name,
        version=stanza.get(b"version", ""),
        architecture=stanza.get(b"architecture", ""),
        status=status,
        installed=not status or status.split()[-1:] == ["installed"],
        source=stanza.get(b"source", "") or name,
        vendor=stanza.get(b"maintainer", ""),
    )
