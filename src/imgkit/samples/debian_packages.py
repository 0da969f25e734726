"""Small Debian packages, built by dpkg-deb and installed by dpkg, so that the package database is a real one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgkit.process import run
from imgkit.samples.file_systems import MADE, set_times
from imgkit.samples.programs import SEARCH_PATH, require_maker

_DATABASE = ("alternatives", "info", "parts", "triggers", "updates")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """`link` makes it a symbolic link."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePackage:
    name: str
    version: str
    summary: str
    files: tuple[PackageFile, ...]
    architecture: str = "amd64"
    section: str = "admin"
    source: str = ""
    settings: tuple[str, ...] = ()

    @property
    def control(self) -> str:
        """The control file; only packages that are there may be depended on, so nothing is."""
        source = f"Source: {self.source}\n" if self.source else ""
        return (
            f"Package: {self.name}\n{source}Version: {self.version}\nArchitecture: {self.architecture}\n"
            f"Maintainer: imgkit samples <samples@example.org>\nSection: {self.section}\nPriority: optional\n"
            f"Description: {self.summary}\n A package of a sample disk: its name is real and its files are stand-ins.\n"
        )


def install_packages(root: Path, packages: Sequence[SamplePackage], *, scratch: Path) -> None:
    """Build the packages and have dpkg install them below `root`, without root's rights."""
    database = root / "var/lib/dpkg"
    for name in _DATABASE:
        make_folders(database / name)
    for name in ("status", "available"):
        (database / name).touch()
    built = [_build(package, scratch) for package in packages]
    run(
        [
            require_maker("dpkg"),
            f"--root={root}",
            f"--log={scratch / 'dpkg.log'}",
            "--force-not-root",
            "--force-bad-path",
            "--force-unsafe-io",  # the tree is thrown away: no fsync of each file
            "--force-architecture",
            "--install",
            *built,
        ],
        env={"PATH": SEARCH_PATH, "SOURCE_DATE_EPOCH": str(MADE)},
        timeout_seconds=300,
    )


def write_file(root: Path, file: PackageFile) -> None:
    """Write one file of a tree."""
    path = root / file.path.lstrip("/")
    make_folders(path.parent)
    if file.link:
        path.symlink_to(file.link)
        return
    path.write_bytes(file.content)
    path.chmod(file.mode)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it with the rights that a machine has, whatever the umask here."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _build(package: SamplePackage, scratch: Path) -> Path:
    folder = scratch / package.name
    control = folder / "DEBIAN"
    make_folders(control)
    (control / "control").write_text(package.control)
    if package.settings:
        (control / "conffiles").write_text("".join(f"{path}\n" for path in package.settings))
    for file in package.files:
        write_file(folder, file)
    set_times(folder)
    target = scratch / f"{package.name}.deb"
    run(
        [require_maker("dpkg-deb"), "--root-owner-group", "-Zgzip", "-z1", "--build", folder, target],
        env={"SOURCE_DATE_EPOCH": str(MADE)},
        timeout_seconds=60,
    )
    return target
