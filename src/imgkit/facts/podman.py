"""Podman's files, of the system and of its users: images and containers in containers/storage."""

from collections.abc import Iterator, Mapping, Sequence

from imgkit.facts.docker import parse_moment, read_object, variable_names
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_path, as_text
from imgkit.facts.homes import beneath, homes_of
from imgkit.facts.json_reading import BadJson, Value, mapping, parse_json, sequence, word, words
from imgkit.model.containers import Container, ContainerImage, Engine, EngineKind, Volume
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_SYSTEM = b"/var/lib/containers/storage"
_IN_A_HOME = b".local/share/containers/storage"
_MOST = 1000
_MOST_LISTED = 100


def podman_engines(gathering: Gathering) -> Iterator[Engine]:
    """Yield a store for the system and one for each user that has one."""
    for root in _roots(gathering):
        yield Engine(kind=EngineKind.PODMAN, path=root)


def podman_images(gathering: Gathering, root: bytes) -> Iterator[ContainerImage]:
    for one in _list(gathering, root + b"/overlay-images/images.json"):
        yield ContainerImage(
            engine=EngineKind.PODMAN,
            id=word(one.get("id")),
            names=words(one.get("names"))[:_MOST_LISTED],
            created=parse_moment(one.get("created")),
        )


def podman_containers(gathering: Gathering, root: bytes) -> Iterator[Container]:
    for one in _list(gathering, root + b"/overlay-containers/containers.json"):
        identity = word(one.get("id"))
        folder = root + b"/overlay-containers/" + as_path(identity)
        safe = bool(identity) and "/" not in identity and "\0" not in identity and identity not in {".", ".."}
        yield _container(
            gathering, folder, one, read_object(gathering, folder + b"/userdata/config.json") if safe else {}
        )


def podman_volumes(gathering: Gathering, root: bytes) -> Iterator[Volume]:
    for entry in gathering.folder(root + b"/volumes")[:_MOST]:
        if entry.kind is EntryKind.FOLDER:
            path = root + b"/volumes/" + entry.name
            yield Volume(engine=EngineKind.PODMAN, name=as_text(entry.name), path=path)


def _container(
    gathering: Gathering, folder: bytes, kept: Mapping[str, Value], runtime: Mapping[str, Value]
) -> Container:
    process = mapping(runtime.get("process"))
    metadata = _metadata(kept)
    mounts = [mapping(one) for one in sequence(runtime.get("mounts"))]
    binds = [
        f"{word(one.get('source'))}:{word(one.get('destination'))}" for one in mounts if word(one.get("type")) == "bind"
    ]
    bounding = words(mapping(process.get("capabilities")).get("bounding"))
    return Container(
        engine=EngineKind.PODMAN,
        id=word(kept.get("id")),
        name=next(iter(words(kept.get("names"))), ""),
        path=folder,
        image=word(metadata.get("image-name")) or word(kept.get("image")),
        command=gathering.guest.quote(" ".join(words(process.get("args")))),
        created=parse_moment(kept.get("created")),
        started=None,
        finished=None,
        running=None,
        exit_code=None,
        privileged="CAP_SYS_ADMIN" in bounding if runtime else None,
        restart="",
        network="",
        binds=tuple(sorted(binds)[:_MOST_LISTED]),
        environment=variable_names(process.get("env")),
        ports=(),
        capabilities=bounding[:_MOST_LISTED],
        labels=tuple(sorted(mapping(runtime.get("annotations"))))[:_MOST_LISTED],
    )


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
