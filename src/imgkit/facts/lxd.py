"""Containers of LXD and Incus, by the backup.yaml that each has beside its files.

It is written when a container is made or configured, not when it starts: what it says of its state is not told. Where
a pool keeps each container in a file system of its own (ZFS, LVM, Ceph), only names are in the system's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from imgkit.facts.container_files import parse_moment, say_what_stands_out, unknown_container
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, as_text
from imgkit.facts.lxc import Reach
from imgkit.facts.yaml_reading import BadYaml, Value, mapping, parse_yaml, word
from imgkit.model.containers import Container, EngineKind
from imgkit.model.tree import EntryKind
from imgkit.units import KiB, MiB

LXD_ROOTS = (b"/var/lib/lxd", b"/var/snap/lxd/common/lxd", b"/var/lib/incus")
_FOLDERS = {EntryKind.FOLDER, EntryKind.LINK}
_MOST = 1000
_MOST_BYTES, _FILE_BYTES = 8 * MiB, 256 * KiB  # YAML takes a second for each MiB
_MOST_LISTED = 100


def lxd_containers(gathering: Gathering) -> Iterator[Container]:
    """Yield the containers of every LXD and Incus that is there."""
    left = _MOST_BYTES
    for root in LXD_ROOTS:
        names = [one.name for one in gathering.folder(root + b"/containers") if one.kind in _FOLDERS]
        for name in gathering.first(names, _MOST, f"containers in {as_text(root)}"):
            folder = root + b"/containers/" + name
            content = gathering.read(folder + b"/backup.yaml", limit=_FILE_BYTES) if left > 0 else None
            left -= len(content.data) if content is not None else 0
            yield _container(gathering, folder, content)
    if left <= 0:
        gathering.lack(f"of the files backup.yaml only the first {_MOST_BYTES // MiB} MiB were read")


def _container(gathering: Gathering, folder: bytes, content: Content | None) -> Container:
    name = as_text(folder.rpartition(b"/")[2])
    bare = unknown_container(EngineKind.LXD, name, folder)
    kept = _parse(gathering, content) if content is not None else {}
    if not kept:
        return bare
    config = {**mapping(kept.get("config")), **mapping(kept.get("expanded_config"))}
    devices = {**mapping(kept.get("devices")), **mapping(kept.get("expanded_devices"))}
    raw = Reach.of(word(config.get("raw.lxc")).split("\n"))
    found = replace(
        bare,
        image=word(config.get("image.description")) or word(config.get("volatile.base_image")),
        created=parse_moment(word(kept.get("created_at"))),
        privileged=_is_yes(config.get("security.privileged")),
        restart="boot.autostart" if _is_yes(config.get("boot.autostart")) else "",
        network="host" if "Network" in raw.shared else "",
        binds=tuple(sorted({*_binds(devices), *raw.binds})[:_MOST_LISTED]),
        environment=_named(config, "environment."),
        ports=tuple(sorted(_ports(devices))[:_MOST_LISTED]),
        labels=_named(config, "user."),
    )
    say_what_stands_out(gathering, found, raw.shared)
    if _is_yes(config.get("security.nesting")):
        gathering.remark(f"the container {name} may start containers itself")
    if raw.is_unconfined:
        gathering.remark(f"the container {name} is not confined by AppArmor")
    return found


def _parse(gathering: Gathering, content: Content) -> Mapping[str, Value]:
    try:
        whole = mapping(parse_yaml(content.text))
    except BadYaml as error:
        gathering.lack(f"{as_text(content.source.path)}: {error}")
        return {}
    return mapping(whole.get("container")) or mapping(whole.get("instance"))


def _is_yes(value: Value) -> bool:
    return word(value).lower() in {"1", "true", "yes", "on"}


def _binds(devices: Mapping[str, Value]) -> Iterator[str]:
    """Yield folders of the system; what a pool holds is its own."""
    for one in map(mapping, devices.values()):
        source, kind = word(one.get("source")), word(one.get("type"))
        inside = word(one.get("path"))
        if kind == "disk" and source and not word(one.get("pool")):
            yield f"{source}:{inside}{':ro' if _is_yes(one.get('readonly')) else ''}"
        elif kind in {"unix-block", "unix-char"}:
            yield f"{source or inside}:{inside or source}"


def _ports(devices: Mapping[str, Value]) -> Iterator[str]:
    for one in map(mapping, devices.values()):
        if word(one.get("type")) == "proxy":
            yield f"{word(one.get('listen'))} to {word(one.get('connect'))}"


def _named(config: Mapping[str, Value], prefix: str) -> tuple[str, ...]:
    """Return what settings are called below a prefix; what they are may be secret."""
    return tuple(sorted(name.removeprefix(prefix) for name in config if name.startswith(prefix))[:_MOST_LISTED])
