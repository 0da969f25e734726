"""Podman's files, of the system and of its users: images and containers in containers/storage."""

from collections.abc import Iterator, Mapping, Sequence

from imgkit.facts.container_files import parse_moment, read_object, say_what_stands_out
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_path, as_text
from imgkit.facts.homes import beneath, homes_of
from imgkit.facts.json_reading import BadJson, Value, mapping, number, parse_json, sequence, word, words
from imgkit.facts.libpod import KeptByLibpod, Libpod
from imgkit.facts.runtime_spec import RuntimeSpec
from imgkit.model.containers import Container, ContainerImage, Engine, EngineKind, Volume
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_SYSTEM = b"/var/lib/containers/storage"
_IN_A_HOME = b".local/share/containers/storage"
# What Podman grants where nothing is said (containers-common, capabilities): only what goes beyond it is told.
_USUAL = frozenset(
    f"CAP_{name}"
    for name in (
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
        "SETUID", "SYS_CHROOT",
    )
)  # fmt: skip
_DRIVERS = (b"overlay", b"vfs", b"btrfs", b"zfs", b"devicemapper", b"aufs")
_RUN = "/run/containers/storage/"
_MOST = 1000
_MOST_LISTED = 100


def podman_engines(gathering: Gathering) -> Iterator[Engine]:
    """Yield a store for the system and one for each user that has one."""
    for root in _roots(gathering):
        yield Engine(kind=EngineKind.PODMAN, path=root)


def podman_images(gathering: Gathering, root: bytes) -> Iterator[ContainerImage]:
    for one in (one for driver in _DRIVERS for one in _list(gathering, root + b"/%b-images/images.json" % driver)):
        yield ContainerImage(
            engine=EngineKind.PODMAN,
            id=word(one.get("id")),
            names=words(one.get("names"))[:_MOST_LISTED],
            created=parse_moment(one.get("created")),
        )


def podman_containers(gathering: Gathering, root: bytes) -> Iterator[Container]:
    """Yield every container of a store: with what its last start left, or as it is configured to start."""
    of_libpod = Libpod(gathering, root)
    folders = [root + b"/%b-containers/" % driver for driver in _DRIVERS]
    for store, one in ((each, one) for each in folders for one in _list(gathering, each + b"containers.json")):
        identity = word(one.get("id"))
        folder = store + as_path(identity)
        safe = bool(identity) and "/" not in identity and "\0" not in identity and identity not in {".", ".."}
        kept = of_libpod.kept(identity)
        runtime = read_object(gathering, folder + b"/userdata/config.json") if safe else {}
        yield _container(gathering, folder, one, kept, runtime or mapping(kept.config.get("spec")))


def podman_volumes(gathering: Gathering, root: bytes) -> Iterator[Volume]:
    for entry in gathering.folder(root + b"/volumes")[:_MOST]:
        if entry.kind is EntryKind.FOLDER:
            path = root + b"/volumes/" + entry.name
            yield Volume(engine=EngineKind.PODMAN, name=as_text(entry.name), path=path)


def _container(
    gathering: Gathering, folder: bytes, stored: Mapping[str, Value], kept: KeptByLibpod, runtime: Mapping[str, Value]
) -> Container:
    spec = RuntimeSpec(runtime)
    started = parse_moment(kept.state.get("startedTime"))
    code = number(kept.state.get("exitCode"))
    labels = {*mapping(kept.config.get("labels")), *spec.annotations}
    said = kept.config.get("privileged")
    privileged = said if isinstance(said, bool) else "CAP_SYS_ADMIN" in spec.bounding
    found = Container(
        engine=EngineKind.CRI_O if _metadata(stored).get("pod-id") else EngineKind.PODMAN,  # they share the store
        id=word(stored.get("id")),
        name=next(iter(words(stored.get("names"))), ""),
        path=folder,
        image=word(_metadata(stored).get("image-name")) or word(stored.get("image")),
        command=gathering.guest.quote(spec.command),
        created=parse_moment(stored.get("created")),
        started=started,
        finished=parse_moment(kept.state.get("finishedTime")),
        running=kept.running,
        exit_code=int(code) if started and kept.running is False and code is not None and abs(code) < 2**31 else None,
        privileged=privileged if runtime else None,
        restart=word(kept.config.get("restart_policy")),
        network="host" if "Network" in spec.shared else "",
        binds=tuple(spec.binds(lambda source: _lies_in(source, as_text(folder)))[:_MOST_LISTED]),
        environment=spec.environment,
        ports=tuple(_ports(kept.config))[:_MOST_LISTED],
        capabilities=() if said is True else tuple(one for one in spec.bounding if one not in _USUAL)[:_MOST_LISTED],
        labels=tuple(sorted(labels))[:_MOST_LISTED],
    )
    say_what_stands_out(gathering, found, spec.shared)
    return found


def _lies_in(source: str, own: str) -> bool:
    """Whether a path stays in a container's own folders, where its hosts, resolv.conf and the like lie.

    One that leads out of them by `..` is what it leads to.
    """
    return source.startswith((f"{own}/", _RUN)) and ".." not in source.split("/")


def _ports(config: Mapping[str, Value]) -> Iterator[str]:
    for one in map(mapping, sequence(config.get("newPortMappings"))):
        outside, inside = number(one.get("host_port")), number(one.get("container_port"))
        if outside is not None and inside is not None:
            yield f"{word(one.get('host_ip')) or '*'}:{outside:g} to {inside:g}/{word(one.get('protocol'))}"


def _metadata(kept: Mapping[str, Value]) -> Mapping[str, Value]:
    """Podman keeps JSON inside its JSON."""
    try:
        return mapping(parse_json(word(kept.get("metadata")) or "{}"))
    except BadJson:
        return {}


def _list(gathering: Gathering, path: bytes) -> Sequence[Mapping[str, Value]]:
    content = gathering.read(path, limit=8 * MiB)
    if content is None:
        return []
    try:
        found = [mapping(one) for one in sequence(parse_json(content.text))]
    except BadJson as error:
        gathering.lack(f"{as_text(path)}: {error}")
        return []
    if len(found) > _MOST:
        gathering.lack(f"only the first {_MOST} of {len(found)} in {as_text(path)} are given")
    return found[:_MOST]


def _roots(gathering: Gathering) -> Iterator[bytes]:
    homes = homes_of(Gathering(gathering.guest))  # passwd is no source of this fact
    folders = [_SYSTEM, *(beneath(home, _IN_A_HOME) for home in homes)]
    yield from (one for one in dict.fromkeys(folders) if gathering.folder(one))
