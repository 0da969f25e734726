"""Where systemd looks for units, what lies there, and the links that start one unit along with another.

systemd.unit(5), UNIT FILE LOAD PATH. The first folder that has a name wins; links in `.wants`, `.requires` and
`.upholds` count from everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import as_path, as_text
from imgkit.facts.homes import Home, beneath
from imgkit.facts.unit_names import drop_in_folders, is_unit, template_of
from imgkit.model.tree import EntryKind

_SYSTEM = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
_OF_ALL_USERS = (
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/lib/systemd/user",
    "/lib/systemd/user",
    "/usr/share/systemd/user",
)
_OF_ONE_USER = (b".config/systemd/user.control", b".config/systemd/user", b".local/share/systemd/user")
_DEPENDENCIES = (".wants", ".requires", ".upholds")


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyLink:
    """A link that starts the unit `name` along with `dependent`, in the folder of units `folder`."""

    name: str
    dependent: str
    folder: bytes


@dataclass(slots=True)
class UnitFolders:
    """The folders of one scope, in the order in which they count; `config` is where enabling puts its links."""

    scope: str
    config: bytes
    order: tuple[bytes, ...] = ()
    own: frozenset[bytes] = frozenset()  # of the folders, those that nobody else's scope has
    units: dict[str, tuple[bytes, Found]] = field(default_factory=dict)  # a unit's folder, and what lies there
    links: dict[str, list[DependencyLink]] = field(default_factory=dict)  # by unit and by its template
    aliases: dict[str, list[tuple[bytes, Found, bytes]]] = field(default_factory=dict)  # links in folders, by target
    drop_ins: dict[str, dict[bytes, bytes]] = field(default_factory=dict)  # by folder name, paths by file name

    def drop_ins_of(self, name: str) -> tuple[bytes, ...]:
        """Return the drop-ins of a unit in the order in which they count: by file name, the special folder winning."""
        merged: dict[bytes, bytes] = {}
        for folder in drop_in_folders(name):
            merged |= self.drop_ins.get(folder, {})
        return tuple(path for _, path in sorted(merged.items()))


def system_folders(look: Gathering) -> UnitFolders:
    """Look at the units of the system."""
    order = tuple(map(as_path, _SYSTEM))
    return _scan(look, UnitFolders(scope="system", config=b"/etc/systemd/system", order=order, own=frozenset(order)))


def all_users_folders(look: Gathering) -> UnitFolders:
    """Look at the units that every user's own systemd may start."""
    order = tuple(map(as_path, _OF_ALL_USERS))
    return _scan(look, UnitFolders(scope="user", config=b"/etc/systemd/user", order=order, own=frozenset(order)))


def home_folders(look: Gathering, home: Home, shared: UnitFolders) -> UnitFolders | None:
    """Look at the units that one user has, or return None where there are none; what all users have stands behind."""
    order = tuple(beneath(home, name) for name in _OF_ONE_USER)
    if not any(look.folder(path) for path in order):
        return None
    found = UnitFolders(scope=as_text(home.path), config=order[1], order=order, own=frozenset(order))
    _scan(look, found)
    found.order = (*order, *shared.order)
    found.units = {**shared.units, **found.units}
    for name, files in shared.drop_ins.items():
        found.drop_ins[name] = {**files, **found.drop_ins.get(name, {})}
    return found


def is_runtime(path: bytes) -> bool:
    """Whether a path is gone after the next start."""
    return path.startswith(b"/run/")


def _scan(look: Gathering, into: UnitFolders) -> UnitFolders:
    for folder in into.order:
        if _is_other_name(look, folder):
            continue
        for entry in look.folder(folder):
            name = as_text(entry.name)
            found = Found(path=folder + b"/" + entry.name, entry=entry)
            if entry.kind is EntryKind.FOLDER:
                _scan_below(look, into, folder, name)
            elif is_unit(name):
                into.units.setdefault(name, (folder, found))
                _note_alias(look, into, folder, found)
    return into


def _is_other_name(look: Gathering, folder: bytes) -> bool:
    """Whether a folder was looked at under another name: /lib is a link to /usr/lib nearly everywhere."""
    return folder.startswith(b"/lib/") and (look.link_target(b"/lib") or b"").strip(b"/") == b"usr/lib"


def _scan_below(look: Gathering, into: UnitFolders, folder: bytes, name: str) -> None:
    below = folder + b"/" + as_path(name)
    if name.endswith(".d"):
        files = into.drop_ins.setdefault(name, {})
        for found in look.names(below, suffix=b".conf"):
            files.setdefault(found.entry.name, found.path)
    elif name.endswith(_DEPENDENCIES):
        for found in look.names(below):
            if found.entry.kind is EntryKind.LINK and is_unit(as_text(found.entry.name)):
                _note_link(into, folder, as_text(found.entry.name), name.rpartition(".")[0])


def _note_link(into: UnitFolders, folder: bytes, name: str, dependent: str) -> None:
    link = DependencyLink(name=name, dependent=dependent, folder=folder)
    for key in filter(None, (name, template_of(name))):
        into.links.setdefault(key, []).append(link)


def _note_alias(look: Gathering, into: UnitFolders, folder: bytes, found: Found) -> None:
    if found.entry.kind is EntryKind.LINK:
        target = look.link_target(found.path) or b""
        into.aliases.setdefault(as_text(target.rpartition(b"/")[2]), []).append((folder, found, target))


def scopes(look: Gathering, homes: tuple[Home, ...]) -> Iterator[UnitFolders]:
    """Yield the units of the system, of all users, and of each user who has some."""
    yield system_folders(look)
    shared = all_users_folders(look)
    yield shared
    for home in homes:
        found = home_folders(look, home, shared)
        if found is not None:
            yield found
