"""Packages of Debian and Ubuntu: dpkg's status file, and the status.d of images made without dpkg."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.bounded import MOST_BYTES, Shared, at_most
from imgkit.facts.guest import CONFIG_BYTES, Guest, as_path, as_text, moment_ns
from imgkit.facts.line_stream import LineStream
from imgkit.facts.room import weigh
from imgkit.model.fact import Fact, Source
from imgkit.model.packages import Package
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_STATUS = b"/var/lib/dpkg/status"
_STATUS_FOLDER = b"/var/lib/dpkg/status.d"
_LISTS = b"/var/lib/dpkg/info"
MOST_PACKAGES = 100_000
MOST_FILES = 50_000
_STATUS_BYTES = 64 * MiB
_MOST_NAMED = 10
_UNFINISHED = {"half-installed", "unpacked", "half-configured", "triggers-awaited"}
_FIELDS = {b"package", b"version", b"architecture", b"status", b"source", b"maintainer"}


def read_dpkg(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what dpkg knows of, also packages of which only the configuration is left."""
    found = _Reader(guest)
    found.read()
    if not found.sources:
        return Fact.absent("there is no dpkg database")
    packages = found.packages
    lost: tuple[str, ...] = (f"{found.nameless} of its entries name no package",) if found.nameless else ()
    lost += (f"only the first {len(packages)} packages are given",) if found.over else ()
    lost += (f"only the first {MOST_FILES} files of {as_text(_STATUS_FOLDER)} were read",) if found.files_over else ()
    packages.sort(key=lambda one: (one.name, one.architecture, one.version))
    dated, undated = _date(guest, packages)
    return Fact.present(
        tuple(dated),
        partial=bool(lost),
        notes=(*lost, *undated, *_state_notes(packages)),
        sources=tuple(found.sources),
    )


@dataclass(slots=True)
class _Reader:
    """The packages of all files of status, as far as they may be many."""

    guest: Guest
    packages: list[Package] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    shared: Shared = field(default_factory=Shared)
    most_bytes: int = MOST_BYTES
    nameless: int = 0
    over: bool = False
    files_over: bool = False

    def read(self) -> None:
        """Raises CannotLookInside."""
        self._file(_STATUS, _STATUS_BYTES)
        files = 0
        for entry in self.guest.folder(_STATUS_FOLDER) or ():
            if entry.kind is EntryKind.FOLDER or entry.name.endswith(b".md5sums"):
                continue
            files += 1
            if files > MOST_FILES or self.over:
                self.files_over = files > MOST_FILES
                return
            self._file(_STATUS_FOLDER + b"/" + entry.name, CONFIG_BYTES)

    def _file(self, path: bytes, limit: int) -> None:
        lines = LineStream(self.guest, path, limit=limit)
        try:
            known = (stanza for stanza in parse_stanzas(lines) if not _is_nothing(stanza))
            packages = (_package(stanza, self.shared) for stanza in known)
            found, more = at_most(packages, MOST_PACKAGES - len(self.packages), most_bytes=self.most_bytes)
        except NoSuchPathInside:  # also a link that leads nowhere
            return
        self.most_bytes -= weigh(tuple(found), self.most_bytes)
        self.sources.append(lines.source)
        self.over = self.over or more
        self.nameless += found.count(None)
        self.packages += [package for package in found if package is not None]


def parse_stanzas(lines: Iterable[bytes]) -> Iterator[dict[bytes, str]]:
    """Yield the fields that matter of each paragraph, under their names in small letters; the first of a name holds."""
    stanza: dict[bytes, str] = {}
    begun = False
    for line in lines:
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


def _is_nothing(stanza: dict[bytes, str]) -> bool:
    """Whether dpkg only remembers what was wanted of a package (`install ok not-installed`); it does not list it."""
    return stanza.get(b"status", "").split()[-1:] == ["not-installed"]


def _package(stanza: dict[bytes, str], shared: Shared) -> Package | None:
    name = stanza.get(b"package", "")
    if not name:
        return None
    status = shared(stanza.get(b"status", ""))
    return Package(
        name=name,
        version=stanza.get(b"version", ""),
        architecture=shared(stanza.get(b"architecture", "")),
        status=status,
        installed=not status or status.split()[-1:] == ["installed"],
        source=shared(stanza.get(b"source", "")) or name,
        vendor=shared(stanza.get(b"maintainer", "")),
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
