"""Packages of Alpine: apk's database of what is installed, one letter a field."""

from collections.abc import Iterable, Iterator

from imgkit.errors import NoSuchPathInside
from imgkit.facts.bounded import Shared, at_most
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.line_stream import LineStream
from imgkit.model.fact import Fact
from imgkit.model.packages import Package
from imgkit.units import MiB

_DATABASES = (b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed")
MOST_PACKAGES = 100_000
_DATABASE_BYTES = 64 * MiB
_FIELDS = {b"P", b"V", b"A", b"o", b"m"}


def read_apk(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what apk has installed."""
    for path in _DATABASES:
        lines = LineStream(guest, path, limit=_DATABASE_BYTES)
        shared = Shared()
        packages = (_package(record, shared) if "P" in record else None for record in parse_records(lines))
        try:
            found, more = at_most(packages, MOST_PACKAGES)
        except NoSuchPathInside:
            continue
        return _fact(found, lines, more=more)
    return Fact.absent("there is no apk database")


def _fact(found: list[Package | None], lines: LineStream, *, more: bool) -> Fact[tuple[Package, ...]]:
    packages = [package for package in found if package is not None]
    nameless = len(found) - len(packages)
    lost: tuple[str, ...] = (f"{nameless} of its records name no package",) if nameless else ()
    lost += (f"only the first {len(packages)} packages are given",) if more else ()
    return Fact.present(
        tuple(sorted(packages, key=lambda one: (one.name, one.version))),
        partial=bool(lost),
        notes=lost,
        sources=(lines.source,),
    )


def parse_records(lines: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """Yield the fields of each record that say what a package is; the lists of its files are left out."""
    record: dict[str, str] = {}
    begun = False
    for raw in lines:
        line = raw.rstrip(b"\r")
        if not line:
            if begun:
                yield record
            record, begun = {}, False
            continue
        begun = True
        letter, colon, value = line.partition(b":")
        if colon and letter in _FIELDS:
            record.setdefault(letter.decode("ascii"), as_text(value))
    if begun:
        yield record


def _package(record: dict[str, str], shared: Shared) -> Package:
    return Package(
        name=record["P"],
        version=record.get("V", ""),
        architecture=shared(record.get("A", "")),
        source=shared(record.get("o", "")) or record["P"],
        vendor=shared(record.get("m", "")),
    )
