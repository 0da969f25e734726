"""What the package managers' databases hold."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package as its manager's database has it.

    dpkg and apk keep epoch and release inside `version`; rpm has them apart. `status` is dpkg's own, three words;
    `installed` is false for what only left its configuration behind or was never finished. dpkg keeps no time: its
    `installed_at` is when the list of the package's files was last written, that is, its last installation or upgrade.
    `signed_by` is the id of the key that signed the package, where its database keeps the signature; nobody checked it.
    """

    name: str
    version: str
    architecture: str = ""
    epoch: int | None = None
    release: str = ""
    status: str = ""
    installed: bool = True
    source: str = ""
    vendor: str = ""
    installed_at: datetime | None = None
    signed_by: str = ""


class RepositoryKind(StrEnum):
    APT = "apt"
    YUM = "yum"
    ZYPP = "zypp"
    APK = "apk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A place that packages come from. Passwords in addresses are left out.

    `suites` and `components` are apt's. `signed` is false where the file says that signatures need not hold, and None
    where it says nothing. `line` is 0 where the place is a whole file or section, named `name`.
    """

    kind: RepositoryKind
    path: bytes
    line: int
    name: str
    addresses: tuple[str, ...]
    enabled: bool
    suites: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    sources: bool = False
    signed: bool | None = None
    key: str = ""


class BundleKind(StrEnum):
    SNAP = "snap"
    FLATPAK = "flatpak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An application that brings all it needs; `revisions` are those that are kept, `current` the one in use."""

    kind: BundleKind
    name: str
    revisions: tuple[str, ...]
    current: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDatabases:
    """One fact a package manager: an empty database is present and holds 0 packages."""

    dpkg: Fact[tuple[Package, ...]]
    rpm: Fact[tuple[Package, ...]]
    apk: Fact[tuple[Package, ...]]
    repositories: Fact[tuple[Repository, ...]]
    bundles: Fact[tuple[Bundle, ...]]
