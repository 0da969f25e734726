"""Containers that a system runs or ran, by the files of their engines."""

from collections.abc import Sequence
from dataclasses import replace

from imgkit.facts.containerd import (
    containerd_containers,
    containerd_engines,
    containerd_images,
    containerd_sandboxes,
)
from imgkit.facts.docker import (
    docker_containers,
    docker_engine,
    docker_images,
    docker_root,
    docker_volumes,
    read_settings,
)
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest
from imgkit.facts.isolation import determine
from imgkit.facts.lxc import lxc_containers
from imgkit.facts.lxd import lxd_containers
from imgkit.facts.nspawn import nspawn_containers
from imgkit.facts.podman import podman_containers, podman_engines, podman_images, podman_volumes
from imgkit.facts.pods import other_engines, read_logged, read_manifests
from imgkit.model.containers import Container, ContainerImage, Containers, Engine, EngineKind, Pod, Volume
from imgkit.model.fact import Fact
from imgkit.units import MiB

_MOST_BYTES = 256 * MiB  # databases of containerd, one after the other
_PROGRAMS = (
    (EngineKind.DOCKER, (b"/usr/bin/dockerd", b"/usr/sbin/dockerd", b"/usr/local/bin/dockerd", b"/snap/bin/dockerd")),
    (EngineKind.PODMAN, (b"/usr/bin/podman", b"/usr/local/bin/podman")),
    (EngineKind.CONTAINERD, (b"/usr/bin/containerd", b"/usr/local/bin/containerd")),
    (EngineKind.CRI_O, (b"/usr/bin/crio", b"/usr/local/bin/crio")),
    (EngineKind.KUBERNETES, (b"/usr/bin/kubelet", b"/usr/local/bin/kubelet", b"/usr/local/bin/k3s")),
    (EngineKind.LXC, (b"/usr/bin/lxc-start",)),
    (EngineKind.LXD, (b"/usr/sbin/lxd", b"/snap/bin/lxd", b"/usr/bin/incusd", b"/opt/incus/bin/incusd")),
    (EngineKind.NSPAWN, (b"/usr/bin/systemd-nspawn",)),
)


def describe_containers(guest: Guest) -> Containers:
    """Collect the facts of containers."""
    return Containers(
        engines=determine(lambda: read_engines(guest), guest.room),
        images=determine(lambda: read_images(guest), guest.room),
        containers=determine(lambda: read_containers(guest), guest.room),
        volumes=determine(lambda: read_volumes(guest), guest.room),
        pods=determine(lambda: read_pods(guest), guest.room),
    )


def read_engines(guest: Guest) -> Fact[tuple[Engine, ...]]:
    """List what can run containers."""
    gathering = Gathering(guest)
    docker = docker_engine(gathering)
    found = [*([docker] if docker else []), *podman_engines(gathering), *containerd_engines(gathering)]
    found += other_engines(gathering)
    found = _with_programs(gathering, found)
    for one in docker.settings if docker else ():
        if one.name == "hosts" and "tcp://" in one.value:
            gathering.remark(f"Docker listens on the network: {one.value}")
    return gathering.fact(tuple(found), nothing="nothing that runs containers is there")


def _with_programs(gathering: Gathering, found: Sequence[Engine]) -> list[Engine]:
    """Name the program of each engine, and those engines of which there is nothing but the program."""
    programs = {
        kind: path
        for kind, paths in _PROGRAMS
        if (path := next((path for path in paths if gathering.stat(path) is not None), b""))
    }
    without_data = programs.keys() - {one.kind for one in found}
    return [
        *(replace(one, program=programs.get(one.kind, b"")) for one in found),
        *(Engine(kind=kind, path=b"", program=path) for kind, path in programs.items() if kind in without_data),
    ]


def read_images(guest: Guest) -> Fact[tuple[ContainerImage, ...]]:
    """List images by name."""
    gathering = Gathering(guest, most_bytes=_MOST_BYTES)
    found = list(docker_images(gathering, docker_root(read_settings(gathering))))
    found += [one for engine in podman_engines(gathering) for one in podman_images(gathering, engine.path)]
    found += containerd_images(gathering)
    found.sort(key=lambda one: (one.engine, one.names, one.id))
    return gathering.fact(tuple(found), nothing="there are no images of containers")


def read_containers(guest: Guest) -> Fact[tuple[Container, ...]]:
    """List containers with what they may see of the system."""
    gathering = Gathering(guest, most_bytes=_MOST_BYTES)
    found = list(docker_containers(gathering, docker_root(read_settings(gathering))))
    found += [one for engine in podman_engines(gathering) for one in podman_containers(gathering, engine.path)]
    of_docker = {one.id for one in found if one.engine is EngineKind.DOCKER}
    found += containerd_containers(gathering, told=of_docker)
    found += [*lxc_containers(gathering), *lxd_containers(gathering), *nspawn_containers(gathering)]
    found.sort(key=lambda one: (one.engine, one.name, one.id, one.path))
    return gathering.fact(tuple(found), nothing="there are no containers")


def read_volumes(guest: Guest) -> Fact[tuple[Volume, ...]]:
    """List the volumes that containers keep their data in."""
    gathering = Gathering(guest)
    found = list(docker_volumes(gathering, docker_root(read_settings(gathering))))
    found += [one for engine in podman_engines(gathering) for one in podman_volumes(gathering, engine.path)]
    return gathering.fact(tuple(found), nothing="there are no volumes of containers")


def read_pods(guest: Guest) -> Fact[tuple[Pod, ...]]:
    """List the manifests that a kubelet starts by itself, pods that left logs, and those that containerd keeps."""
    gathering = Gathering(guest, most_bytes=_MOST_BYTES)
    found = [*read_manifests(gathering), *read_logged(gathering), *containerd_sandboxes(gathering)]
    found.sort(key=lambda one: (one.path, one.kind, one.namespace, one.name))
    return gathering.fact(tuple(found), nothing="there are neither manifests nor logs of pods, nor sandboxes")
