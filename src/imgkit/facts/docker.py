"""Docker's own files: its configuration, images, containers, volumes."""

from collections.abc import Iterator, Mapping

from imgkit.facts.container_files import parse_moment, read_object, say_what_stands_out, variable_names
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_path, as_text
from imgkit.facts.json_reading import Value, mapping, number, sequence, word, words
from imgkit.model.containers import Container, ContainerImage, Engine, EngineKind, Volume
from imgkit.model.fact import Setting
from imgkit.model.tree import EntryKind

_CONFIGURATION = b"/etc/docker/daemon.json"
_ROOT = b"/var/lib/docker"
_SETTINGS = (
    "data-root", "graph", "storage-driver", "log-driver", "hosts", "insecure-registries", "registry-mirrors",
    "userns-remap", "live-restore", "iptables", "icc", "tls", "tlsverify", "exec-opts", "runtimes", "default-runtime",
)  # fmt: skip
_MOST = 1000
_MOST_LISTED = 100


def docker_engine(gathering: Gathering) -> Engine | None:
    """Return Docker with its settings, or None where nothing of it is there."""
    settings = read_object(gathering, _CONFIGURATION)
    root = docker_root(settings)
    if not settings and not gathering.folder(root):
        return None
    kept = ((name, _plain(settings[name])) for name in _SETTINGS if name in settings)
    return Engine(
        kind=EngineKind.DOCKER,
        path=root,
        settings=tuple(Setting(name=name, value=gathering.guest.quote_value(name, value)) for name, value in kept),
    )


def docker_images(gathering: Gathering, root: bytes) -> Iterator[ContainerImage]:
    """Yield images by the names that repositories.json keeps; layers without a name are left out."""
    for driver in gathering.folder(root + b"/image"):
        kept = read_object(gathering, root + b"/image/" + driver.name + b"/repositories.json")
        names: dict[str, list[str]] = {}
        for references in mapping(kept.get("Repositories")).values():
            for name, identity in mapping(references).items():
                names.setdefault(word(identity), []).append(name)
        for identity in sorted(names)[:_MOST]:
            found = tuple(sorted(names[identity])[:_MOST_LISTED])
            yield ContainerImage(engine=EngineKind.DOCKER, id=identity, names=found)


def docker_containers(gathering: Gathering, root: bytes) -> Iterator[Container]:
    """Yield every container whose configuration is kept."""
    folders = [one.name for one in gathering.folder(root + b"/containers") if one.kind is EntryKind.FOLDER]
    if len(folders) > _MOST:
        gathering.lack(f"only the first {_MOST} of {len(folders)} containers of Docker were looked at")
    for name in folders[:_MOST]:
        folder = root + b"/containers/" + name
        kept = read_object(gathering, folder + b"/config.v2.json")
        if kept:
            yield _container(gathering, folder, kept, read_object(gathering, folder + b"/hostconfig.json"))


def docker_volumes(gathering: Gathering, root: bytes) -> Iterator[Volume]:
    for entry in gathering.folder(root + b"/volumes")[:_MOST]:
        if entry.kind is EntryKind.FOLDER:
            path = root + b"/volumes/" + entry.name
            yield Volume(engine=EngineKind.DOCKER, name=as_text(entry.name), path=path)


def docker_root(settings: Mapping[str, Value]) -> bytes:
    """Return where Docker keeps its data."""
    chosen = word(settings.get("data-root")) or word(settings.get("graph"))
    return as_path(chosen.rstrip("/")) if chosen.startswith("/") and "\0" not in chosen else _ROOT


def read_settings(gathering: Gathering) -> Mapping[str, Value]:
    return read_object(gathering, _CONFIGURATION)


def _container(gathering: Gathering, folder: bytes, kept: Mapping[str, Value], host: Mapping[str, Value]) -> Container:
    settings, state = mapping(kept.get("Config")), mapping(kept.get("State"))
    code = number(state.get("ExitCode"))
    binds = {*_binds(kept), *words(host.get("Binds"))}
    privileged = host.get("Privileged")
    command = " ".join([word(kept.get("Path")), *words(kept.get("Args"))]).strip()
    started = parse_moment(state.get("StartedAt"))
    found = Container(
        engine=EngineKind.DOCKER,
        id=word(kept.get("ID")) or as_text(folder.rpartition(b"/")[2]),
        name=word(kept.get("Name")).lstrip("/"),
        path=folder,
        image=word(settings.get("Image")) or word(kept.get("Image")),
        command=gathering.guest.quote(command),
        created=parse_moment(kept.get("Created")),
        started=started,
        finished=parse_moment(state.get("FinishedAt")),
        running=state.get("Running") if isinstance(state.get("Running"), bool) else None,
        exit_code=int(code) if started and code is not None and abs(code) < 2**31 else None,
        privileged=privileged if isinstance(privileged, bool) else None,
        restart=word(mapping(host.get("RestartPolicy")).get("Name")),
        network=word(host.get("NetworkMode")),
        binds=tuple(sorted(binds)[:_MOST_LISTED]),
        environment=variable_names(settings.get("Env")),
        ports=tuple(_ports(mapping(host.get("PortBindings"))))[:_MOST_LISTED],
        capabilities=words(host.get("CapAdd"))[:_MOST_LISTED],
        labels=tuple(sorted(mapping(settings.get("Labels"))))[:_MOST_LISTED],
    )
    shared = [what for what in ("Pid", "Network", "Ipc") if word(host.get(f"{what}Mode")) == "host"]
    say_what_stands_out(gathering, found, shared)
    return found


def _binds(kept: Mapping[str, Value]) -> Iterator[str]:
    for point in mapping(kept.get("MountPoints")).values():
        one = mapping(point)
        if word(one.get("Type")) == "bind" or (word(one.get("Source")) and not word(one.get("Name"))):
            mode = "" if one.get("RW", True) else ":ro"
            yield f"{word(one.get('Source'))}:{word(one.get('Destination'))}{mode}"


def _ports(bindings: Mapping[str, Value]) -> Iterator[str]:
    for inside, outside in sorted(bindings.items()):
        for one in sequence(outside):
            yield f"{word(mapping(one).get('HostIp')) or '*'}:{word(mapping(one).get('HostPort'))} to {inside}"


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(sorted(value)[:50])
    return word(value) or ", ".join(words(value)[:50])
