"""The state of a unit as `systemctl is-enabled` would tell it, by systemd's own rules (its src/shared/install.c).

A unit is enabled by a link in the folder of configuration that has its name under some `.wants`, or one of its aliases;
else what its [Install] section says, or its drop-ins', decides between disabled, indirect and static.
"""

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.unit_file import UnitText
from imgkit.facts.unit_folders import UnitFolders, is_runtime
from imgkit.facts.unit_names import is_unit
from imgkit.model.persistence import UnitState
from imgkit.model.tree import EntryKind

_NOWHERE = b"/dev/null"
_MOST_HOPS = 10


def state_of(look: Gathering, folders: UnitFolders, name: str, target: bytes, text: UnitText | None) -> UnitState:
    """Return the state of a unit; `target` is where it leads as a link, `text` its settings with its drop-ins.

    No text means that its file cannot be read: most often it is a link to nowhere.
    """
    folder = folders.units[name][0]
    masked = _masked_in(look, folders, name)
    if masked:
        return UnitState.MASKED_RUNTIME if is_runtime(masked) else UnitState.MASKED
    if text is None:
        return UnitState.BAD
    made = {b"/run/systemd/transient": UnitState.TRANSIENT}.get(folder)
    made = UnitState.GENERATED if folder.startswith(b"/run/systemd/generator") else made
    other = as_text(target.rpartition(b"/")[2])
    if made is None and target and other != name and is_unit(other):
        return UnitState.ALIAS
    return made or _linked(folders, name, text) or _by_installation(text)


def is_masked(found: Found, target: bytes) -> bool:
    """Whether a unit is a link to nowhere or an empty file: both forbid it."""
    if found.entry.kind is EntryKind.LINK:
        return target == _NOWHERE
    return found.entry.kind is EntryKind.FILE and found.entry.size == 0


def _by_installation(text: UnitText) -> UnitState:
    if any(text.words("Install", key) for key in ("WantedBy", "RequiredBy", "UpheldBy", "Alias")):
        return UnitState.DISABLED
    return UnitState.INDIRECT if text.words("Install", "Also") else UnitState.STATIC


def _linked(folders: UnitFolders, name: str, text: UnitText) -> UnitState | None:
    """Tell what links say of a unit, or return None where there are none that count.

    A link counts as enabling under the names that enabling would give it; one under another name is indirect.
    """
    aliases = [(folder, as_text(found.entry.name)) for folder, found, _ in folders.aliases.get(name, [])]
    links = [(link.folder, link.name) for link in folders.links.get(name, [])]
    links += [(folder, link) for folder, link in aliases if link != name]
    known = _known_names(name, text)
    enabled = _enabled_in(folders, {folder for folder, link in links if link in known})
    if enabled is not None:
        return enabled
    same = {folder for folder, link in aliases if link == name} & {folders.units[name][0]}
    if folders.config in same:
        return UnitState.LINKED
    if any(map(is_runtime, same)):
        return UnitState.LINKED_RUNTIME
    return UnitState.INDIRECT if _enabled_in(folders, {folder for folder, _ in links}) is not None else None


def _enabled_in(folders: UnitFolders, places: set[bytes]) -> UnitState | None:
    if folders.config in places:
        return UnitState.ENABLED
    return UnitState.ENABLED_RUNTIME if any(map(is_runtime, places)) else None


def _known_names(name: str, text: UnitText) -> set[str]:
    """Return the names that enabling a unit gives to its links: its own, its aliases, its default instance."""
    names = {name, *text.words("Install", "Alias")}
    instance = text.last("Install", "DefaultInstance")
    if instance:
        names |= {one.replace("@.", f"@{instance}.") for one in names}
    return names


def _masked_in(look: Gathering, folders: UnitFolders, name: str) -> bytes:
    """Return the folder in which a unit, or the one that it is an alias of, is masked; empty where none is."""
    for _ in range(_MOST_HOPS):
        folder, found = folders.units[name]
        is_link = found.entry.kind is EntryKind.LINK
        target = (look.link_target(found.path) or b"") if is_link else b""
        if is_masked(found, _end_of(look, found, target)):
            return folder
        other = as_text(target.rpartition(b"/")[2])
        if not target or other == name or other not in folders.units:
            return b""
        name = other  # an alias is followed by its name, not by its path
    return b""


def _end_of(look: Gathering, found: Found, target: bytes) -> bytes:
    """Follow links as far as /dev/null."""
    path = found.path
    for _ in range(_MOST_HOPS):
        if not target or target == _NOWHERE:
            return target
        path = target if target.startswith(b"/") else path.rpartition(b"/")[0] + b"/" + target
        target = look.link_target(path) or b""
    return target
