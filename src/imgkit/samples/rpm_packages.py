"""Small rpm packages, built by rpmbuild and entered by rpm, so that the package databases are real ones.

rpm of today writes sqlite alone. The Berkeley DB of CentOS 7 and the generation of RHEL 8 has the same headers in a
hash, which Berkeley DB's own `db_load` writes here; the record under the number 0 is the highest number in use.
"""

import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imgkit.process import run
from imgkit.samples.file_systems import MADE
from imgkit.samples.programs import SEARCH_PATH, require_maker


class RpmBackend(StrEnum):
    """What an rpm keeps its database in."""

    SQLITE = "sqlite"
    BERKELEY = "berkeley"


@dataclass(frozen=True, slots=True, kw_only=True)
class RpmPackage:
    """A package with one program, /usr/bin/NAME, that changes its user."""

    name: str
    version: str
    epoch: int | None = None
    summary: str = "a package of a sample disk"


PACKAGES = (
    RpmPackage(name="alpha", version="1.2.3", epoch=7),
    RpmPackage(name="beta", version="2.0~rc1", summary="words " * 200),
    RpmPackage(name="gamma", version="3.0", epoch=0),
)
PROGRAM = b"#!/bin/sh\nexec true\n"
_SPEC = """Name: {name}
Version: {version}
Release: 3.al8
{epoch}
Summary: {summary}
License: MIT
Vendor: Somebody & Söhne
BuildArch: noarch
%description
{description}
%install
mkdir -p %{{buildroot}}/usr/bin
printf '{program}' > %{{buildroot}}/usr/bin/{name}
%files
%attr(4755,root,root) /usr/bin/{name}
"""
_PAGE_BYTES = 4096


def build_packages(folder: Path, packages: Sequence[RpmPackage] = PACKAGES) -> tuple[Path, ...]:
    """Build packages below `folder` and return their files. Raises ToolMissing naming the package."""
    for package in packages:
        spec = folder / f"{package.name}.spec"
        spec.write_text(spec_of(package), encoding="utf-8")
        argv: list[str | bytes | Path] = [
            require_maker("rpmbuild"),
            "-bb",
            "--quiet",
            "--define",
            f"_topdir {folder}",
            spec,
        ]
        run(argv, env={"PATH": SEARCH_PATH, "SOURCE_DATE_EPOCH": str(MADE)}, timeout_seconds=300)
    return tuple(sorted((folder / "RPMS/noarch").iterdir()))


def spec_of(package: RpmPackage) -> str:
    """Return what rpmbuild makes a package of; the description is long, so that a header takes several pages."""
    return _SPEC.format(
        name=package.name,
        version=package.version,
        epoch="" if package.epoch is None else f"Epoch: {package.epoch}",
        summary=package.summary.strip(),
        description="words " * 5000,
        program=PROGRAM.decode().replace("\n", "\\n"),
    )


def enter_packages(folder: Path, packages: Sequence[Path], *, backend: RpmBackend) -> Path:
    """Make a database in `folder` that holds these packages, and return its main file."""
    if backend is RpmBackend.SQLITE:
        return _enter_in_sqlite(folder, packages)
    between = folder / "sqlite"
    between.mkdir()
    return _enter_in_berkeley(folder / "Packages", _enter_in_sqlite(between, packages))


def _enter_in_sqlite(folder: Path, packages: Sequence[Path]) -> Path:
    rpm = require_maker("rpm")
    # Debian's own patch refuses to install anything without it; other rpms do not know the word.
    force = ["--force-debian"] if b"--force-debian" in run([rpm, "--help"]).stdout else []
    run([rpm, "-i", "--justdb", "--nodeps", *force, "--dbpath", folder, *packages], timeout_seconds=300)
    return folder / "rpmdb.sqlite"


def _enter_in_berkeley(target: Path, database: Path) -> Path:
    with closing(sqlite3.connect(database)) as opened:
        rows = opened.execute("SELECT hnum, blob FROM Packages ORDER BY hnum").fetchall()
    dump = target.with_name("dump")
    dump.write_text(berkeley_dump(rows), encoding="ascii")
    run([require_maker("db_load"), "-f", dump, target], timeout_seconds=300)
    return target


def berkeley_dump(rows: Sequence[tuple[int, bytes]]) -> str:
    """Return headers with their numbers in the form that db_load reads."""
    pairs = [(0, struct.pack("<I", max(number for number, _ in rows))), *rows]
    lines = [f" {data.hex()}" for number, blob in pairs for data in (struct.pack("<I", number), blob)]
    head = ["VERSION=3", "format=bytevalue", "type=hash", f"db_pagesize={_PAGE_BYTES}", "HEADER=END"]
    return "\n".join([*head, *lines, "DATA=END", ""])
