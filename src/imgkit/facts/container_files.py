"""What the readers of all engines of containers share: their JSON, Go's times, what stands out in a container."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.json_reading import BadJson, Value, mapping, parse_json, word, words
from imgkit.model.containers import Container, EngineKind
from imgkit.units import MiB

_REVEALING = frozenset({
    "/", "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/var", "/var/lib/kubelet", "/var/run",
})  # fmt: skip
_SOCKETS = frozenset(
    f"/run/{one}"
    for one in (
        "containerd/containerd.sock", "crio/crio.sock", "docker.sock", "k3s/containerd/containerd.sock",
        "podman/podman.sock",
    )
)  # fmt: skip
_FILE_BYTES = 2 * MiB
_MOST_LISTED = 100
_FRACTION = re.compile(r"\.\d+")


def unknown_container(engine: EngineKind, name: str, path: bytes) -> Container:
    """Return a container of which nothing is known but its name and folder, to be filled in with `replace`."""
    return Container(
        engine=engine, id=name, name=name, path=path, image="", command="", created=None, started=None, finished=None,
        running=None, exit_code=None, privileged=None, restart="", network="", binds=(), environment=(), ports=(),
        capabilities=(), labels=(),
    )  # fmt: skip


def read_object(gathering: Gathering, path: bytes) -> Mapping[str, Value]:
    """Read a JSON object; one that is not there is empty, one that cannot be read is lacking."""
    content = gathering.read(path, limit=_FILE_BYTES)
    if content is None:
        return {}
    try:
        return mapping(parse_json(content.text))
    except BadJson as error:
        gathering.lack(f"{as_text(path)}: {error}")
        return {}


def parse_moment(value: Value) -> datetime | None:
    """Read RFC 3339 as Go writes it, with nanoseconds; the year 1 is Go's way of saying never."""
    text = _FRACTION.sub(lambda match: match[0][:7], word(value)[:40])
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year > 1 else None


def variable_names(environment: Value) -> tuple[str, ...]:
    """Return the names in an environment: values are often secrets."""
    return tuple(one.partition("=")[0] for one in words(environment)[:_MOST_LISTED])


def say_what_stands_out(gathering: Gathering, found: Container, shared: Iterable[str]) -> None:
    """Name what of the system a container can reach; `shared` are the namespaces that are the system's own."""
    name = f"the container {found.name or found.id[:12]}"
    if found.privileged:
        gathering.remark(f"{name} is privileged")
    for what in shared:
        gathering.remark(f"{name} shares the system's own {what.lower()}")
    for bind in found.binds:
        source = posixpath.normpath(re.sub("^/+", "/", bind.partition(":")[0]))
        if source in _REVEALING or source.removeprefix("/var") in _SOCKETS:
            gathering.remark(f"{name} sees {source} of the system")
