"""What starts with a graphical session: desktop entries in autostart folders, D-Bus services that start on call."""

from collections.abc import Iterator

from imgkit.facts.config_lines import MOST_LINES
from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.homes import beneath, homes_of
from imgkit.facts.standing_out import odd_habits
from imgkit.facts.unit_file import UnitText
from imgkit.model.fact import Fact
from imgkit.model.persistence import ConfigLine
from imgkit.units import MiB

_FOLDERS = (
    (b"/etc/xdg/autostart", b".desktop"),
    (b"/usr/share/dbus-1/system-services", b".service"),
    (b"/etc/dbus-1/system-services", b".service"),
    (b"/usr/local/share/dbus-1/system-services", b".service"),
)
_IN_HOMES = ((b".config/autostart", b".desktop"), (b".local/share/dbus-1/services", b".service"))
_SECTIONS = {b".desktop": "Desktop Entry", b".service": "D-BUS Service"}
_FILE_BYTES = 1 * MiB


def read_autostart(guest: Guest) -> Fact[tuple[ConfigLine, ...]]:
    """List the command of each entry, and whether it is switched off."""
    look = Gathering(guest)
    folders = list(_FOLDERS)
    for home in homes_of(Gathering(guest)):
        folders += [(beneath(home, name), suffix) for name, suffix in _IN_HOMES]
    lines = (
        line
        for folder, suffix in folders
        for found in look.names(folder, suffix=suffix)
        for line in _entry(look, found, _SECTIONS[suffix])
    )
    return look.fact(look.first(lines, MOST_LINES, "entries"), nothing="there are no entries that start with a session")


def _entry(look: Gathering, found: Found, section: str) -> Iterator[ConfigLine]:
    content = look.read(found.path, limit=_FILE_BYTES)
    if content is None:
        return
    text = UnitText()
    text.add(content.data)
    command = text.last(section, "Exec")
    off = text.last(section, "Hidden").lower() == "true" or (
        text.last(section, "X-GNOME-Autostart-enabled").lower() == "false"
    )
    if not command:
        return
    for habit in odd_habits(command):
        look.remark(f"{as_text(found.path)} {habit}: {look.brief(command)}")
    kind = ("autostart" if section == "Desktop Entry" else "D-Bus service") + (", switched off" if off else "")
    yield ConfigLine(path=found.path, line=0, kind=kind, text=look.guest.quote(command))
