"""containerd, alone or beneath Kubernetes, nerdctl and Docker: its images, containers and the sandboxes of pods."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from imgkit.facts.container_files import read_object, say_what_stands_out
from imgkit.facts.containerd_store import DATABASE, Asked, KeptByContainerd, read_asked, read_images, read_kept
from imgkit.facts.docker import docker_root, read_settings
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_path, as_text, moment_ns
from imgkit.facts.json_reading import BadJson, Value, mapping, number, parse_json, sequence, word
from imgkit.facts.runtime_spec import RuntimeSpec
from imgkit.model.containers import Container, ContainerImage, Engine, EngineKind, Pod
from imgkit.model.fact import Setting

_CONFIGURATION = b"/etc/containerd/config.toml"
_ROOTS = (
    b"/var/lib/containerd", b"/var/lib/rancher/k3s/agent/containerd", b"/var/lib/rancher/rke2/agent/containerd",
    b"/var/lib/k0s/containerd", b"/var/snap/microk8s/common/var/lib/containerd", b"/var/lib/docker/containerd/daemon",
)  # fmt: skip
# Where Kubernetes' part of containerd 1 and 2 notes what became of a container.
_STATES = (b"/io.containerd.grpc.v1.cri/containers/%b/status", b"/io.containerd.cri.v1.runtime/containers/%b/status")
_ROOT_LINE = re.compile(r"""^\s*root\s*=\s*["'](/[^"'\0]+)["']""")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,75}")
_MADE_FOR_A_CONTAINER = re.compile(
    r"(/var/snap/microk8s/common)?/run/(k3s/|k0s/)?containerd/io\.containerd\.[^/]+/sandboxes/.+"
    r"|(/var/snap/microk8s/common)?/var/lib/(k0s/)?kubelet/pods/[^/]+/(etc-hosts|containers/.+)"
    r"|/var/lib/nerdctl/[^/]+/(containers|etchosts)/.+"
)
# What containerd grants where nothing is said (pkg/oci/spec.go): only what goes beyond it is told.
_USUAL = frozenset(
    f"CAP_{name}"
    for name in (
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    )
)  # fmt: skip
_OF_DOCKER = "moby"
_OF_THE_NODE = 2  # NamespaceMode NODE of Kubernetes' container runtime interface
_MOST_LISTED = 100
_MOST_NAMED = 20


def containerd_roots(gathering: Gathering) -> list[bytes]:
    """Return the folders of data of all that are there: configured, and where distributions of Kubernetes have it."""
    of_docker = docker_root(read_settings(gathering)) + b"/containerd/daemon"
    found = [one for one in dict.fromkeys([*_configured(gathering), *_ROOTS, of_docker]) if gathering.folder(one)]
    return [one for one in found if gathering.link_target(one) not in found]  # where it was moved to is told


def _configured(gathering: Gathering) -> Iterator[bytes]:
    content = gathering.read(_CONFIGURATION)
    for line in content.text.split("\n") if content is not None else ():
        if line.lstrip().startswith("["):
            return
        if match := _ROOT_LINE.match(line):
            yield as_path(posixpath.normpath(match[1]))
            return  # there is one


def containerd_engines(gathering: Gathering) -> Iterator[Engine]:
    for root in containerd_roots(gathering):
        names = ", ".join(as_text(one.name) for one in gathering.folder(root)[:_MOST_NAMED])
        yield Engine(kind=EngineKind.CONTAINERD, path=root, settings=(Setting(name="holds", value=names),))


def containerd_images(gathering: Gathering) -> Iterator[ContainerImage]:
    """Yield images with all names of each; Kubernetes calls an image by its own digest too, which is no name."""
    for root in containerd_roots(gathering):
        names: dict[str, set[str]] = {}
        for one in read_images(gathering, root):
            names.setdefault(one.digest or one.name, set()).update([] if one.name.startswith("sha256:") else [one.name])
        for digest, found in sorted(names.items()):
            yield ContainerImage(engine=EngineKind.CONTAINERD, id=digest, names=tuple(sorted(found)[:_MOST_LISTED]))


def containerd_containers(gathering: Gathering, *, told: Set[str]) -> Iterator[Container]:
    """Yield containers; `told` are the ids of those that Docker keeps, which say more there."""
    for root in containerd_roots(gathering):
        for one in read_kept(gathering, root):
            if not one.is_sandbox and not (one.namespace == _OF_DOCKER and one.id in told):
                yield _container(gathering, root, one)


@dataclass(slots=True)
class _Inside:
    """What the containers of one pod are and see."""

    images: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    privileged: bool = False

    def add(self, root: bytes, kept: KeptByContainerd, asked: Asked) -> None:
        self.images.add(kept.image)
        self.seen.update(bind.partition(":")[0] for bind in _binds(root, asked.spec)[:_MOST_LISTED])
        self.privileged = self.privileged or _privileged(asked) is True


def containerd_sandboxes(gathering: Gathering) -> Iterator[Pod]:
    """Yield the pods that Kubernetes had sandboxes made for, with what their containers are and see."""
    for root in containerd_roots(gathering):
        sandboxes: dict[str, tuple[KeptByContainerd, bool]] = {}
        inside: dict[str, _Inside] = {}
        for one in read_kept(gathering, root):
            asked = read_asked(gathering, root, one)
            if one.is_sandbox:
                sandboxes[one.id] = one, "Network" in _shared(asked)
            else:
                inside.setdefault(word(asked.metadata.get("SandboxID")), _Inside()).add(root, one, asked)
        for identity, (kept, host_network) in sandboxes.items():
            yield _pod(root, kept, inside.get(identity, _Inside()), host_network=host_network)


def _pod(root: bytes, kept: KeptByContainerd, inside: _Inside, *, host_network: bool) -> Pod:
    return Pod(
        path=root + DATABASE,
        kind="sandbox",
        namespace=kept.labels.get("io.kubernetes.pod.namespace", ""),
        name=kept.labels.get("io.kubernetes.pod.name", "") or kept.id,
        images=tuple(sorted(inside.images)[:_MOST_LISTED]),
        privileged=inside.privileged,
        host_paths=tuple(sorted(inside.seen)[:_MOST_LISTED]),
        host_network=host_network,
    )


def _container(gathering: Gathering, root: bytes, kept: KeptByContainerd) -> Container:
    asked = read_asked(gathering, root, kept)
    spec = asked.spec
    state = _state(gathering, root, kept, asked)
    started, finished = _nanoseconds(state.get("StartedAt")), _nanoseconds(state.get("FinishedAt"))
    running = started is not None and finished is None if state else None
    code = number(state.get("ExitCode"))
    privileged = _privileged(asked)
    shared = _shared(asked)
    found = Container(
        engine=EngineKind.CONTAINERD,
        id=kept.id,
        name=_name(kept),
        path=kept.folder or root,
        image=kept.image,
        command=gathering.guest.quote(spec.command),
        created=kept.created,
        started=started,
        finished=finished,
        running=running,
        exit_code=int(code) if finished and code is not None and abs(code) < 2**31 else None,
        privileged=privileged,
        restart=kept.labels.get("containerd.io/restart.policy", ""),
        network="host" if "Network" in shared else "",
        binds=tuple(_binds(root, spec)[:_MOST_LISTED]),
        environment=spec.environment,
        ports=tuple(_ports(kept)[:_MOST_LISTED]),
        capabilities=() if privileged else tuple(one for one in spec.bounding if one not in _USUAL)[:_MOST_LISTED],
        labels=tuple(sorted({*kept.labels, *spec.annotations})[:_MOST_LISTED]),
    )
    say_what_stands_out(gathering, found, shared)
    return found


def _name(kept: KeptByContainerd) -> str:
    """Return what it is called: NAMESPACE/POD/CONTAINER by Kubernetes, as it was named by nerdctl; of others the id."""
    parts = [kept.labels.get(f"io.kubernetes.{one}", "") for one in ("pod.namespace", "pod.name", "container.name")]
    return "/".join(parts) if all(parts) else kept.labels.get("nerdctl/name", "") or kept.id


def _ports(kept: KeptByContainerd) -> list[str]:
    """Return the ports that nerdctl publishes; those of Kubernetes are its services'."""
    try:
        published = [mapping(one) for one in sequence(parse_json(kept.labels.get("nerdctl/ports", "[]")))]
    except BadJson:
        return []
    names = ("HostIP", "HostPort", "ContainerPort", "Protocol")
    return ["{}:{} to {}/{}".format(*(one.get(name, "") for name in names)) for one in published]


def _state(gathering: Gathering, root: bytes, kept: KeptByContainerd, asked: Asked) -> Mapping[str, Value]:
    """Return what Kubernetes' part noted; of other containers nothing is kept beyond a restart."""
    if not asked.metadata or not _ID.fullmatch(kept.id):
        return {}
    states = (read_object(gathering, root + path % kept.id.encode()) for path in _STATES)
    return next((one for one in states if one), {})


def _privileged(asked: Asked) -> bool | None:
    """Whether it was asked for, or, where nobody says what was, every device and what matters most is granted."""
    if not asked.spec.kept:
        return None
    if asked.metadata:
        return _security(asked).get("privileged") is True
    return asked.spec.every_device and {"CAP_SYS_ADMIN", "CAP_SYS_MODULE"} <= set(asked.spec.bounding)


def _shared(asked: Asked) -> list[str]:
    """Return the namespaces that are the system's own; containers of a pod join the sandbox's, whichever those are."""
    if not asked.metadata:
        return asked.spec.shared
    chosen = mapping(_security(asked).get("namespace_options"))
    return [what for what in ("Pid", "Network", "Ipc") if number(chosen.get(what.lower())) == _OF_THE_NODE]


def _security(asked: Asked) -> Mapping[str, Value]:
    config = mapping(asked.metadata.get("Config"))
    return mapping(mapping(config.get("linux")).get("security_context"))


def _binds(root: bytes, spec: RuntimeSpec) -> list[str]:
    """Return what of the system is seen; hosts, resolv.conf and the like are made for one container alone."""
    folders = tuple(f"{as_text(root)}/{as_text(one).partition('/containers/')[0][1:]}/" for one in _STATES)

    def is_own(source: str) -> bool:
        made = source.startswith(folders) or _MADE_FOR_A_CONTAINER.fullmatch(source)
        return bool(made) and ".." not in source.split("/")  # one that leads out is what it leads to

    return spec.binds(is_own)


def _nanoseconds(value: Value) -> datetime | None:
    found = number(value)
    return moment_ns(found) if found and isinstance(found, int) else None
