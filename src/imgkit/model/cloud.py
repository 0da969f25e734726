"""What ties a system to the cloud: cloud-init, Alibaba's agents, traces of ECS, time servers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudInit:
    """What cloud-init knows of itself; `settings` are the main ones of cloud.cfg and its drop-ins, the last holding."""

    version: str
    instance_id: str
    previous_instance_id: str
    data_source: str
    disabled: bool
    instances: tuple[str, ...]
    settings: tuple[Setting, ...]
    finished: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceData:
    """What was handed to an instance: its form, size and digest. `text` is empty unless secrets were asked for."""

    instance_id: str
    name: str
    path: bytes
    form: str
    size: int
    sha256: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudStage:
    """One stage of cloud-init's last run, and the errors that it told, those that it got over with their level.

    From 24.3 on cloud-init notes no times but how long after the system's start: `started_after_ms`,
    `finished_after_ms`.
    """

    name: str
    started: datetime | None
    finished: datetime | None
    errors: tuple[str, ...]
    started_after_ms: int | None = None
    finished_after_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRun:
    """One line of cloud-init's log that begins a run of a stage, with its time as written."""

    stage: str
    version: str
    at: str


class AgentKind(StrEnum):
    ASSISTANT = "Cloud Assistant"
    MONITOR = "CloudMonitor"
    SECURITY = "Security Center"
    LOGS = "Simple Log Service"
    BACKUP = "Cloud Backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A program of Alibaba's, by the places it is known to lie in.

    `versions` are all that files and folders name. `enabled` is whether a unit of its is started with the system, None
    where none was found.
    """

    kind: AgentKind
    paths: tuple[bytes, ...]
    versions: tuple[str, ...]
    units: tuple[str, ...]
    enabled: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Something by which an instance of ECS can be told."""

    what: str
    path: bytes
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeServer:
    path: bytes
    line: int
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """What ties a system to the cloud."""

    init: Fact[CloudInit]
    data: Fact[tuple[InstanceData, ...]]
    stages: Fact[tuple[CloudStage, ...]]
    runs: Fact[tuple[CloudRun, ...]]
    agents: Fact[tuple[Agent, ...]]
    traces: Fact[tuple[Trace, ...]]
    time_servers: Fact[tuple[TimeServer, ...]]
