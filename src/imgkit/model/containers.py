"""Containers that a system runs or ran: engines, images, containers, volumes, pods."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact, Setting


class EngineKind(StrEnum):
    DOCKER = "docker"
    PODMAN = "podman"
    CONTAINERD = "containerd"
    KUBERNETES = "kubernetes"
    CRI_O = "cri-o"
    LXC = "lxc"
    LXD = "lxd"
    NSPAWN = "systemd-nspawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Something that runs containers, by its folder of data, its configuration or its program; each may be missing.

    `path` is the folder of data; `settings` are known ones alone.
    """

    kind: EngineKind
    path: bytes
    program: bytes = b""
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerImage:
    """An image with the names that it goes by."""

    engine: EngineKind
    id: str
    names: tuple[str, ...]
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container as its engine keeps it. Of its environment the names alone are told, never the values.

    `path` is the folder that its engine has for it: containerd's is that of what was written in it, where the
    snapshotter keeps it in a folder, and all of containerd's otherwise. `binds` are folders and sockets of the system
    that it sees. `running` is what its engine last noted; a machine that was cut off leaves it true. `capabilities` are
    those beyond what the engine gives to each. What the engine does not keep is empty, or None.
    """

    engine: EngineKind
    id: str
    name: str
    path: bytes
    image: str
    command: str
    created: datetime | None
    started: datetime | None
    finished: datetime | None
    running: bool | None
    exit_code: int | None
    privileged: bool | None
    restart: str
    network: str
    binds: tuple[str, ...]
    environment: tuple[str, ...]
    ports: tuple[str, ...]
    capabilities: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    engine: EngineKind
    name: str
    path: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A manifest that a kubelet starts by itself, a pod that left its logs, or a sandbox that containerd keeps."""

    path: bytes
    kind: str
    namespace: str
    name: str
    images: tuple[str, ...] = ()
    privileged: bool = False
    host_paths: tuple[str, ...] = ()
    host_network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """Containers that a system runs or ran."""

    engines: Fact[tuple[Engine, ...]]
    images: Fact[tuple[ContainerImage, ...]]
    containers: Fact[tuple[Container, ...]]
    volumes: Fact[tuple[Volume, ...]]
    pods: Fact[tuple[Pod, ...]]
