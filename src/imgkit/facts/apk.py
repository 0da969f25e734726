"""Packages of Alpine: apk's database of what is installed, one letter a field."""

from collections.abc import Iterator

from imgkit.facts.bounded import at_most
from imgkit.facts.guest import Guest, as_text
from imgkit.model.fact import Fact
from imgkit.model.packages import Package
from imgkit.units import MiB

_DATABASES = (b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed")
MOST_PACKAGES = 100_000
_DATABASE_BYTES = 64 * MiB


def read_apk(guest: Guest) -> Fact[tuple[Package, ...]]:
    """List what apk has installed."""
    content = guest.read_first(*_DATABASES, limit=_DATABASE_BYTES)
    if content is None:
        return Fact.absent("there is no apk database")
    found, more = at_most(parse_records(content.data), MOST_PACKAGES)
    packages = [_package(record) for record in found if "P" in record]
    nameless = len(found) - len(packages)
    lost: tuple[str, ...] = (f"{nameless} of its records name no package",) if nameless else ()
    lost += (f"only the first {MOST_PACKAGES} packages are given",) if more else ()
    return Fact.present(
        tuple(sorted(packages, key=lambda one: (one.name, one.version))),
        partial=bool(lost),
        notes=lost,
        sources=(content.source,),
    )


def parse_records(data: bytes) -> Iterator[dict[str, str]]:
    """Yield the fields of each record that say what a package is; the lists of its files are left out."""
    record: dict[str, str] = {}
    begun = False
    for raw in data.split(b"\n"):
        line = as_text(raw.rstrip(b"\r"))
        if not line:
            if begun:
                yield record
            record, begun = {}, False
            continue
        begun = True
        letter, colon, value = line.partition(":")
        if colon and letter in {"P", "V", "A", "o", "m"}:
            record.setdefault(letter, value)
    if begun:
        yield record


def _package(record: dict[str, str]) -> Package:
    return Package(
        name=record["P"],
        version=record.get("V", ""),
        architecture=record.get("A", ""),
        source=record.get("o", "") or record["P"],
        vendor=record.get("m", ""),
    )
