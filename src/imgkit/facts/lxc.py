"""LXC's containers, of the system and its users, by their files `config` (lxc.container.conf(5), old and new names)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from imgkit.facts.container_files import say_what_stands_out, unknown_container
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, as_path, as_text
from imgkit.facts.homes import beneath, homes_of
from imgkit.facts.included import read_with_included
from imgkit.model.containers import Container, EngineKind
from imgkit.model.tree import EntryKind

_SYSTEM = b"/var/lib/lxc"
_IN_A_HOME = b".local/share/lxc"
_SETTINGS = b"/etc/lxc/lxc.conf"
_OLD_NAMES = {
    "lxc.aa_profile": "lxc.apparmor.profile", "lxc.id_map": "lxc.idmap", "lxc.init_cmd": "lxc.init.cmd",
    "lxc.mount": "lxc.mount.fstab", "lxc.utsname": "lxc.uts.name",
}  # fmt: skip
_TEMPLATE, _PARAMETERS = "# Template used to create this container:", "# Parameters passed to the template:"
_SHARED = {"pid": "Pid", "net": "Network", "ipc": "Ipc"}
_MOST = 1000
_MOST_LISTED = 100

Settings = Mapping[str, Sequence[str]]


def lxc_roots(gathering: Gathering) -> list[bytes]:
    """Return the folders that containers are in."""
    content = gathering.read(_SETTINGS)
    chosen = _parse([content] if content is not None else []).get("lxc.lxcpath", ())
    homes = homes_of(Gathering(gathering.guest))  # passwd is no source of this fact
    configured = [as_path(one.rstrip("/")) for one in chosen if one.startswith("/") and "\0" not in one]
    folders = [_SYSTEM, *configured, *(beneath(home, _IN_A_HOME) for home in homes)]
    return [one for one in dict.fromkeys(folders) if gathering.folder(one)]


def lxc_containers(gathering: Gathering) -> Iterator[Container]:
    for root in lxc_roots(gathering):
        folders = [one.name for one in gathering.folder(root) if one.kind is EntryKind.FOLDER]
        for name in gathering.first(folders, _MOST, f"folders of LXC in {as_text(root)}"):
            yield from _container(gathering, root + b"/" + name)


def _container(gathering: Gathering, folder: bytes) -> Iterator[Container]:
    read = list(read_with_included(gathering, folder + b"/config", lambda one: _includes(gathering, one), base=folder))
    if not read or read[0].source.path != folder + b"/config":
        return  # a folder that is no container's
    kept = _parse(read)
    name = as_text(folder.rpartition(b"/")[2])
    environment = [one.partition("=")[0].strip() for one in kept.get("lxc.environment", ())]
    shared = _shared(kept)
    found = replace(
        unknown_container(EngineKind.LXC, name, folder),
        name=_last(kept, "lxc.uts.name") or name,
        image=gathering.guest.quote(_template(read[0])),
        command=gathering.guest.quote(_last(kept, "lxc.init.cmd")),
        privileged="lxc.idmap" not in kept,  # root inside is root outside, which LXC calls privileged
        restart="lxc.start.auto" if _last(kept, "lxc.start.auto") == "1" else "",
        network="host" if "Network" in shared else "",
        binds=tuple(sorted(_binds(kept))[:_MOST_LISTED]),
        environment=tuple(environment[:_MOST_LISTED]),
        capabilities=tuple(f"CAP_{one.upper()}" for one in _words(kept, "lxc.cap.keep") if one != "none")[
            :_MOST_LISTED
        ],
    )
    say_what_stands_out(gathering, found, shared)
    if _last(kept, "lxc.apparmor.profile") == "unconfined":
        gathering.remark(f"the container {found.name} is not confined by AppArmor")
    yield found


def _parse(read: Sequence[Content]) -> dict[str, list[str]]:
    """Return all values of every name in their order; an empty value takes back those before it."""
    found: dict[str, list[str]] = {}
    for line in (line for content in read for line in content.text.splitlines()):
        name, equals, value = line.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or name.startswith("#"):
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        name = _OLD_NAMES.get(name, name)
        if value:
            found.setdefault(name, []).append(value)
        else:
            found.pop(name, None)
    return found


def _includes(gathering: Gathering, content: Content) -> Iterator[str]:
    for path in _parse([content]).get("lxc.include", ()):
        entry = gathering.stat(as_path(path)) if path.startswith("/") and "\0" not in path else None
        yield f"{path}/*.conf" if entry is not None and entry.kind is EntryKind.FOLDER else path


def _template(content: Content) -> str:
    """Return what lxc-create noted of the template and what was asked of it."""
    lines = content.text.splitlines()[:20]
    path = next((line.removeprefix(_TEMPLATE).strip() for line in lines if line.startswith(_TEMPLATE)), "")
    asked = next((line.removeprefix(_PARAMETERS).strip() for line in lines if line.startswith(_PARAMETERS)), "")
    return f"{path.rpartition('/')[2]} {asked}".strip()


def _binds(kept: Settings) -> Iterator[str]:
    for line in kept.get("lxc.mount.entry", ()):
        source, inside, _, options, *_ = [*line.split(), "", "", "", ""]
        chosen = options.split(",")
        if {"bind", "rbind"} & set(chosen) and source.startswith("/"):
            yield f"{source}:/{inside.lstrip('/')}{':ro' if 'ro' in chosen else ''}"


def _shared(kept: Settings) -> list[str]:
    """Return the namespaces that are the system's own."""
    kinds = {value for name, values in kept.items() if _is_network_type(name) for value in values}
    found = {what for name, what in _SHARED.items() if name in _words(kept, "lxc.namespace.keep")}
    return sorted(found | ({"Network"} if "none" in kinds else set()))


def _is_network_type(name: str) -> bool:
    return name == "lxc.network.type" or (name.startswith("lxc.net.") and name.endswith(".type"))


def _words(kept: Settings, name: str) -> list[str]:
    return [word for value in kept.get(name, ()) for word in value.split()]


def _last(kept: Settings, name: str) -> str:
    return next(reversed(kept.get(name, ())), "")
