"""Packages of Debian and Ubuntu: dpkg's status file, and the status.d of images made without dpkg."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.bounded import at_most
from imgkit.facts.guest import Content, Guest, as_path, as_text, moment_ns
from imgkit.model.fact import Fact
from imgkit.model.packages import Package
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_STATUS = b"/var/lib/dpkg/status"
_STATUS_FOLDER = b"/var/lib/dpkg/status.d"
_LISTS = b"/var/lib/dpkg/info"
MOST_PACKAGES = 100_000
_STATUS_BYTES = 64 * MiB
_MOST_NAMED = 10
_UNFINISHED = {"half-installed", "unpacked", "half-configured", "triggers-awaited"}
_FIELDS = {b"package", b"version", b"architecture", b"status", b"source", b"maintainer"}


def read_dpkg(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what dpkg knows of, also packages of which only the configuration is left."""
    contents = list(_status_files(guest))
    if not contents:
        return Fact.absent("there is no dpkg database")
    packages: list[Package] = []
    nameless = 0
    over = False
    for content in contents:
        stanzas, more = at_most(parse_stanzas(content.data), MOST_PACKAGES - len(packages))
        over = over or more
        for stanza in stanzas:
            package = _package(stanza)
            packages += [package] if package else []
            nameless += package is None
    lost: tuple[str, ...] = (f"{nameless} of its entries name no package",) if nameless else ()
    lost += (f"only the first {MOST_PACKAGES} packages are given",) if over else ()
    packages.sort(key=lambda one: (one.name, one.architecture, one.version))
    dated, undated = _date(guest, packages)
    return Fact.present(
        tuple(dated),
        partial=bool(lost),
        notes=(*lost, *undated, *_state_notes(packages)),
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


def _date(guest: Guest, packages: Iterable[Package]) -> tuple[list[Package], tuple[str, ...]]:
    """Give each package the time at which the list of its files was written; packages of two kinds name theirs."""
    try:
        listed = guest.folder(_LISTS) or ()
    except CannotLookInside as error:
        return list(packages), (f"when packages were installed is not known: {error.message}",)
    times = {entry.name.removesuffix(b".list"): entry.modified_ns for entry in listed if entry.name.endswith(b".list")}
    found = []
    for one in packages:
        written = times.get(as_path(f"{one.name}:{one.architecture}"), times.get(as_path(one.name), 0))
        found.append(replace(one, installed_at=moment_ns(written)) if written and one.installed else one)
    return found, ()


def _state_notes(packages: Iterable[Package]) -> tuple[str, ...]:
    """Say which packages are kept from upgrades, and which were never finished."""
    states = [(one.name, one.status.split()) for one in packages]
    held = [name for name, words in states if words[:1] == ["hold"]]
    broken = [
        name for name, words in states if words[1:2] not in ([], ["ok"]) or (words[-1:] and words[-1] in _UNFINISHED)
    ]
    return tuple(
        f"{len(names)} packages are {state}: {', '.join(names[:_MOST_NAMED])}{' …' if len(names) > _MOST_NAMED else ''}"
        for names, state in ((held, "held"), (broken, "broken or half-installed"))
        if names
    )
