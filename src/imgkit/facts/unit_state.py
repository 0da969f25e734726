"""The state of a unit as `systemctl is-enabled` would tell it, by systemd's own rules (its src/shared/install.c).

A unit is enabled by a link in the folder of configuration that has its name under some `.wants`, or leads to it under
another name; else what its [Install] section says, or its drop-ins', decides between disabled, indirect and static.
"""

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.unit_file import UnitText
from imgkit.facts.unit_folders import UnitFolders, is_runtime
from imgkit.facts.unit_names import is_unit, template_of
from imgkit.model.persistence import UnitState
from imgkit.model.tree import EntryKind

_NOWHERE = b"/dev/null"
_MOST_HOPS = 10


def state_of(look: Gathering, folders: UnitFolders, name: str, target: bytes, text: UnitText) -> UnitState:
    """Return the state of a unit; `target` is where it leads as a link, `text` its settings with its drop-ins."""
    folder, found = folders.units[name]
    if is_masked(found, _end_of(look, found, target)):
        return UnitState.MASKED_RUNTIME if is_runtime(folder) else UnitState.MASKED
    made = {b"/run/systemd/transient": UnitState.TRANSIENT}.get(folder)
    made = UnitState.GENERATED if folder.startswith(b"/run/systemd/generator") else made
    other = as_text(target.rpartition(b"/")[2])
    if made is None and target and other != name and is_unit(other):
        return UnitState.ALIAS
    return made or _linked(folders, name, folder) or _by_installation(text)


def is_masked(found: Found, target: bytes) -> bool:
    """Whether a unit is a link to nowhere or an empty file: both forbid it."""
    if found.entry.kind is EntryKind.LINK:
        return target == _NOWHERE
    return found.entry.kind is EntryKind.FILE and found.entry.size == 0


def _by_installation(text: UnitText) -> UnitState:
    if any(text.words("Install", key) for key in ("WantedBy", "RequiredBy", "UpheldBy", "Alias")):
        return UnitState.DISABLED
    return UnitState.INDIRECT if text.words("Install", "Also") else UnitState.STATIC


def _linked(folders: UnitFolders, name: str, own_folder: bytes) -> UnitState | None:
    """Tell what links say of a unit, or return None where there are none that count."""
    aliases = [(folder, as_text(found.entry.name)) for folder, found, _ in folders.aliases.get(name, [])]
    places = {link.folder for link in folders.links.get(name, [])}
    places |= {folder for folder, link in aliases if link != name}
    if folders.config in places:
        return UnitState.ENABLED
    if any(map(is_runtime, places)):
        return UnitState.ENABLED_RUNTIME
    if places and template_of(name):  # what a distribution's own links instantiate
        return UnitState.STATIC
    same = {folder for folder, link in aliases if link == name} & {own_folder}
    if folders.config in same:
        return UnitState.LINKED
    return UnitState.LINKED_RUNTIME if any(map(is_runtime, same)) else None


def _end_of(look: Gathering, found: Found, target: bytes) -> bytes:
    """Follow links from unit to unit as far as /dev/null; a link to such a one is masked too."""
    path = found.path
    for _ in range(_MOST_HOPS):
        if not target or target == _NOWHERE:
            return target
        path = target if target.startswith(b"/") else path.rpartition(b"/")[0] + b"/" + target
        target = look.link_target(path) or b""
    return target
