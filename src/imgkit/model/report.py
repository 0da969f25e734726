"""What was found inside the disks of one machine: facts that are present, absent or could not be determined.

Text is kept here as it was found, with unreadable bytes as surrogates; `render.report_json` escapes it on its way out.
Paths and names of files are bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.accounts import Accounts
from imgkit.model.boot import Boot
from imgkit.model.cloud import Cloud
from imgkit.model.containers import Containers
from imgkit.model.contents import Contents
from imgkit.model.fact import Fact
from imgkit.model.files import Files
from imgkit.model.identity import Identity
from imgkit.model.logins import Logins
from imgkit.model.logs import Logs
from imgkit.model.mounts import Mounts
from imgkit.model.network import Network
from imgkit.model.packages import PackageDatabases
from imgkit.model.persistence import Persistence
from imgkit.model.role import DiskRole
from imgkit.model.server_settings import ServerSettings
from imgkit.model.ssh import Ssh
from imgkit.model.storage import Storage
from imgkit.model.subjects import Subject

INSPECT_SCHEMA = "imgkit/inspect/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemReport:
    """One operating system, named by the place of its root file system; a subject that was not asked for is null."""

    root: str
    identity: Identity | None = None
    boot: Boot | None = None
    mounts: Mounts | None = None
    packages: PackageDatabases | None = None
    accounts: Accounts | None = None
    network: Network | None = None
    cloud: Cloud | None = None
    logs: Logs | None = None
    containers: Containers | None = None
    servers: ServerSettings | None = None
    files: Fact[Files] | None = None
    logins: Logins | None = None
    ssh: Ssh | None = None
    persistence: Persistence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFileSystem:
    """A file system without an operating system; type, labels and usage stand in `storage` under its place."""

    place: str
    roles: tuple[DiskRole, ...]
    contents: Fact[Contents] | None = None
    files: Fact[Files] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDisk:
    """A disk that carries no operating system, with the file systems on it (one over several disks is in each)."""

    role: DiskRole
    file_systems: tuple[DataFileSystem, ...]


class DiagnosticLevel(StrEnum):
    """`undetermined`: the report lacks something because of it, and the run ends as done in part.

    `remark`: something that was found and stands out, such as a second account with the user id 0.
    """

    NOTE = "note"
    REMARK = "remark"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something to know about one part of the report; `subject` is where it stands: `systems/system:1/packages/rpm`."""

    subject: str
    level: DiagnosticLevel
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVersion:
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageState:
    """A disk image's file as it was before; `changed` says what was otherwise afterwards, which must be nothing.

    `modified` is cut to microseconds, and compared to the nanosecond. `sha256` is of the file, where it was asked for.
    """

    role: DiskRole
    path: bytes
    format: str
    size_bytes: int
    modified: datetime
    inode: str
    sha256: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """All that may differ between two looks at the same disks: when, by what, how, and at which subjects.

    `include_secrets`: passwords and tokens stand in this report as they were found; otherwise they are masked.
    """

    started: datetime
    imgkit: str
    engine: str
    engine_reason: str = ""
    subjects: tuple[Subject, ...] = ()
    tools: tuple[ToolVersion, ...] = ()
    images: tuple[ImageState, ...] = ()
    notes: tuple[str, ...] = ()
    include_secrets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found; the same disks give the same report, apart from `run`."""

    run: RunInfo
    storage: Storage
    systems: tuple[SystemReport, ...] = ()
    data_disks: tuple[DataDisk, ...] = ()
    missing_disks: tuple[DiskRole, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    schema: str = INSPECT_SCHEMA

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nothing was left undetermined; else the run ends as done in part."""
        return not self.missing_disks and not any(one.level is DiagnosticLevel.UNDETERMINED for one in self.diagnostics)
