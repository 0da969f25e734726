"""What the package managers' databases hold."""

from dataclasses import dataclass
from datetime import datetime

from imgkit.model.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package as its manager's database has it.

    dpkg and apk keep epoch and release inside `version`; rpm has them apart. `status` is dpkg's own, three words;
    `installed` is false for what only left its configuration behind or was never finished.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDatabases:
    """One fact a package manager: an empty database is present and holds 0 packages."""

    dpkg: Fact[tuple[Package, ...]]
    rpm: Fact[tuple[Package, ...]]
    apk: Fact[tuple[Package, ...]]
