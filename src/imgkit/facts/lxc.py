"""LXC's containers, of the system and its users, by their files `config` (lxc.container.conf(5), old and new names)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from imgkit.facts.container_files import say_what_stands_out, unknown_container
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, as_path, as_text
from imgkit.facts.homes import beneath, homes_of
from imgkit.model.containers import Container, EngineKind
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_SYSTEM = b"/var/lib/lxc"
_IN_A_HOME = b".local/share/lxc"
_SETTINGS = b"/etc/lxc/lxc.conf"
_OLD_NAMES = {
    "lxc.aa_profile": "lxc.apparmor.profile", "lxc.id_map": "lxc.idmap", "lxc.init_cmd": "lxc.init.cmd",
    "lxc.mount": "lxc.mount.fstab", "lxc.rootfs": "lxc.rootfs.path", "lxc.utsname": "lxc.uts.name",
}  # fmt: skip
_TEMPLATE, _PARAMETERS = "# Template used to create this container:", "# Parameters passed to the template:"
_SHARED = {"pid": "Pid", "net": "Network", "ipc": "Ipc"}
_NETWORK = re.compile(r"lxc\.(?:net|network)(?:\.\d+)?\.type|lxc\.net\.\d+")
_ALL_NETWORKS, _OF_NETWORKS = frozenset({"lxc.net", "lxc.network"}), ("lxc.net.", "lxc.network.")
_MOST = 1000
_MOST_LISTED = 100
_MOST_FILES, _MOST_DEEP = 100, 10  # of one container, with what it includes
_MOST_LINES = 500_000  # of all
_FILE_BYTES = MiB

Settings = Mapping[str, Sequence[str]]


def lxc_roots(gathering: Gathering) -> list[bytes]:
    """Return the folders that containers are in."""
    content = gathering.read(_SETTINGS)
    chosen = _last(_settings(content.text.split("\n") if content is not None else ()), "lxc.lxcpath")
    homes = homes_of(Gathering(gathering.guest))  # passwd is no source of this fact
    configured = [as_path(chosen.rstrip("/"))] if chosen.startswith("/") and "\0" not in chosen else []
    folders = [_SYSTEM, *configured, *(beneath(home, _IN_A_HOME) for home in homes)]
    return [one for one in dict.fromkeys(folders) if gathering.folder(one)]


def lxc_containers(gathering: Gathering) -> Iterator[Container]:
    room = _Room()
    for root in lxc_roots(gathering):
        folders = [one.name for one in gathering.folder(root) if one.kind in {EntryKind.FOLDER, EntryKind.LINK}]
        for name in gathering.first(folders, _MOST, f"folders of LXC in {as_text(root)}"):
            yield from _container(gathering, root + b"/" + name, room)


@dataclass(frozen=True, slots=True)
class Reach:
    """What settings of LXC give a container of the system: LXD and Incus may be given some of them too (`raw.lxc`)."""

    binds: tuple[str, ...]
    shared: tuple[str, ...]
    is_unconfined: bool

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Reach":
        return cls._of(_settings(lines))

    @classmethod
    def _of(cls, kept: "Settings") -> "Reach":
        unconfined = _last(kept, "lxc.apparmor.profile") == "unconfined"
        return cls(tuple(_binds(kept.get("lxc.mount.entry", ()))), tuple(_namespaces_shared(kept)), unconfined)


def _container(gathering: Gathering, folder: bytes, room: "_Room") -> Iterator[Container]:
    main = folder + b"/config"
    first = gathering.read(main, limit=_FILE_BYTES)
    if first is None:
        return  # a folder that is no container's
    kept = _settings(_Lines(gathering, room).of(main))
    name = as_text(folder.rpartition(b"/")[2])
    environment = [one.partition("=")[0].strip() for one in kept.get("lxc.environment", ())]
    reach = Reach._of(kept)
    binds = {*reach.binds, *_of_fstab(gathering, _last(kept, "lxc.mount.fstab"))}
    binds |= set() if "lxc.rootfs.path" in kept else {"/:/"}  # it has no root of its own: lxc.container.conf(5)
    granted = [one for one in _words(kept, "lxc.cap.keep") if one != "none"]
    found = replace(
        unknown_container(EngineKind.LXC, name, folder),
        image=gathering.guest.quote(_template(first)),
        command=gathering.guest.quote(_last(kept, "lxc.init.cmd")),
        privileged=_is_root_outside(kept.get("lxc.idmap", ())),
        restart="lxc.start.auto" if _last(kept, "lxc.start.auto") == "1" else "",
        network="host" if "Network" in reach.shared else "",
        binds=tuple(sorted(binds)[:_MOST_LISTED]),
        environment=tuple(environment[:_MOST_LISTED]),
        capabilities=tuple(f"CAP_{one.upper()}" for one in granted)[:_MOST_LISTED],
    )
    say_what_stands_out(gathering, found, reach.shared)
    if reach.is_unconfined:
        gathering.remark(f"the container {found.name} is not confined by AppArmor")
    yield found


@dataclass(slots=True)
class _Room:
    """How many lines may still be read, of all containers together."""

    lines: int = _MOST_LINES


@dataclass(slots=True)
class _Lines:
    """The lines of a configuration, with those that it includes where it includes them."""

    gathering: Gathering
    room: _Room
    files: int = 0

    def of(self, path: bytes, depth: int = 0) -> Iterator[str]:
        self.files += 1
        if self.files > _MOST_FILES or depth > _MOST_DEEP or self.room.lines <= 0:
            self._lack(path)
            return
        content = self.gathering.read(path, limit=_FILE_BYTES)
        if content is None:
            self.gathering.remark(f"{as_text(path)} is included by a container of LXC, and is not there")
            return
        for line in content.text.split("\n"):
            self.room.lines -= 1
            if self.room.lines < 0:
                self._lack(path)
                return
            name, _, value = line.partition("=")
            if name.strip() != "lxc.include":
                yield line
            elif value.strip().startswith("/") and "\0" not in value:
                yield from self._included(as_path(value.strip()), depth + 1)

    def _lack(self, path: bytes) -> None:
        self.gathering.lack(f"{as_text(path)} was not read to its end: LXC has more settings than this version reads")

    def _included(self, path: bytes, depth: int) -> Iterator[str]:
        entry = self.gathering.stat(path) if self.files <= _MOST_FILES else None
        if entry is None or entry.kind is not EntryKind.FOLDER:
            yield from self.of(path, depth)
            return
        for one in self.gathering.names(path, suffix=b".conf"):
            yield from self.of(one.path, depth)


def _settings(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return all values of every name in their order; an empty value takes back those before it."""
    found: dict[str, list[str]] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or name.startswith("#"):
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        name = _OLD_NAMES.get(name, name)
        if value:
            found.setdefault(name, []).append(value)
            continue
        is_all = name in _ALL_NETWORKS  # which takes back those of every card
        for one in [one for one in found if one == name or (is_all and one.startswith(_OF_NETWORKS))]:
            del found[one]
    return found


def _template(content: Content) -> str:
    """Return what lxc-create noted of the template and what was asked of it."""
    lines = content.text.split("\n")[:20]
    path = next((line.removeprefix(_TEMPLATE).strip() for line in lines if line.startswith(_TEMPLATE)), "")
    asked = next((line.removeprefix(_PARAMETERS).strip() for line in lines if line.startswith(_PARAMETERS)), "")
    return f"{path.rpartition('/')[2]} {asked}".strip()


def _is_root_outside(maps: Sequence[str]) -> bool:
    """Whether root inside is root outside, which LXC calls privileged: no map of users, or one that says so."""
    return not maps or any(one.split()[:3] in (["u", "0", "0"], ["b", "0", "0"]) for one in maps)


def _of_fstab(gathering: Gathering, path: str) -> Iterator[str]:
    content = gathering.read(as_path(path), limit=_FILE_BYTES) if path.startswith("/") and "\0" not in path else None
    yield from _binds(content.text.split("\n") if content is not None else ())


def _binds(entries: Iterable[str]) -> Iterator[str]:
    """Yield what of the system is bound by lines of an fstab."""
    for line in entries:
        source, inside, _, options, *_ = [*line.split(), "", "", "", ""]
        chosen = options.split(",")
        if {"bind", "rbind"} & set(chosen) and source.startswith("/"):
            yield f"{source}:/{inside.lstrip('/')}{':ro' if 'ro' in chosen else ''}"


def _namespaces_shared(kept: Settings) -> list[str]:
    """Return the namespaces that are the system's own."""
    kept_ones, cloned = _words(kept, "lxc.namespace.keep"), _words(kept, "lxc.namespace.clone")
    found = {what for name, what in _SHARED.items() if name in kept_ones or (cloned and name not in cloned)}
    found |= {what for name, what in _SHARED.items() if _last(kept, f"lxc.namespace.share.{name}") == "1"}
    kinds = {_last(kept, name) for name in kept if _NETWORK.fullmatch(name)}
    return sorted(found | ({"Network"} if kinds == {"none"} else set()))


def _words(kept: Settings, name: str) -> list[str]:
    return [word for value in kept.get(name, ()) for word in value.split()]


def _last(kept: Settings, name: str) -> str:
    return next(reversed(kept.get(name, ())), "")
