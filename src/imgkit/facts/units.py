"""Units of systemd, each in the state that `systemctl is-enabled` would tell of it, with what its drop-ins change."""

from collections.abc import Iterator
from dataclasses import dataclass

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.homes import homes_of
from imgkit.facts.standing_out import describe_odd, odd_file, odd_habits
from imgkit.facts.unit_file import UnitText
from imgkit.facts.unit_folders import UnitFolders, scopes
from imgkit.facts.unit_names import is_template
from imgkit.facts.unit_presets import Presets, preset_of, read_presets
from imgkit.facts.unit_state import is_masked, state_of
from imgkit.model.fact import Fact, Setting
from imgkit.model.persistence import Unit, UnitState
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_MOST_UNITS = 20_000
_UNIT_BYTES = 1 * MiB
_MOST_VALUES = 100
_TRIGGERS = {
    "Timer": ("OnCalendar", "OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec", "Unit"),
    "Socket": (
        "ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenSpecial", "ListenNetlink",
        "ListenMessageQueue", "Service",
    ),
    "Path": ("PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty", "Unit"),
    "Mount": ("What", "Where"),
    "Automount": ("Where",),
    "Swap": ("What",),
    "Service": ("BusName", "Sockets"),
}  # fmt: skip
_COMMANDS = (
    "ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPre",
    "ExecStopPost",
)  # fmt: skip
_ENVIRONMENT = ("Environment", "EnvironmentFile")


def read_units(guest: Guest) -> Fact[tuple[Unit, ...]]:
    """List the units of the system, of all users, and of each user, in the order of their names."""
    look = Gathering(guest)
    presets = {kind: read_presets(look, kind) for kind in ("system", "user")}
    found: list[Unit] = []
    for folders in scopes(look, homes_of(Gathering(guest))):
        rules = presets["system" if folders.scope == "system" else "user"]
        names = sorted(_names_of(folders))
        guest.will_read([folders.units[name][1].path for name in names])
        for name in names:
            if len(found) >= _MOST_UNITS:
                look.lack(f"only the first {_MOST_UNITS} units are given")
                break
            found.append(_Reader(look, folders, rules).unit(name))
    return look.fact(tuple(found), nothing="there are no units of systemd")


def _names_of(folders: UnitFolders) -> Iterator[str]:
    """Yield the units of this scope: those in its own folders, and those of others that links there start."""
    for name, (folder, _) in folders.units.items():
        if folder in folders.own or name in folders.links:
            yield name


@dataclass(frozen=True, slots=True)
class _Reader:
    look: Gathering
    folders: UnitFolders
    presets: Presets

    def unit(self, name: str) -> Unit:
        found = self.folders.units[name][1]
        links = self.folders.links.get(name, [])
        target = (self.look.link_target(found.path) or b"") if found.entry.kind is EntryKind.LINK else b""
        drop_ins = self.folders.drop_ins_of(name)
        settings = self._text(found, target, drop_ins)
        state = state_of(self.look, self.folders, name, target, settings)
        text = settings or UnitText()
        self._remark(found, text)
        return Unit(
            name=name,
            scope=self.folders.scope,
            path=found.path,
            state=state,
            preset="" if state in {UnitState.ALIAS, UnitState.STATIC} else preset_of(name, self.presets),
            target=target,
            description=self._quote("Description", text.last("Unit", "Description")),
            user=text.last("Service", "User"),
            commands=self._settings(text, ((section, name) for section in _sections(text) for name in _COMMANDS)),
            triggers=self._settings(text, ((section, name) for section, names in _TRIGGERS.items() for name in names)),
            environment=self._settings(text, (("Service", name) for name in _ENVIRONMENT)),
            drop_ins=drop_ins,
            wanted_by=tuple(sorted({link.dependent for link in links})),
            instances=tuple(sorted({link.name for link in links})) if is_template(name) else (),
        )

    def _text(self, found: Found, target: bytes, drop_ins: tuple[bytes, ...]) -> UnitText | None:
        """Return all settings of a unit, none of one that is masked, and None where its file cannot be read."""
        text = UnitText()
        if is_masked(found, target):
            return text
        content = self.look.read(found.path, limit=_UNIT_BYTES)
        if content is None:
            return None
        text.add(content.data)
        for path in drop_ins:
            added = self.look.read(path, limit=_UNIT_BYTES)
            if added is not None:
                text.add(added.data)
        return text

    def _settings(self, text: UnitText, names: Iterator[tuple[str, str]]) -> tuple[Setting, ...]:
        found = [
            Setting(name=name, value=self._quote(name, value))
            for section, name in names
            for value in text.all(section, name)
        ]
        return tuple(found[:_MOST_VALUES])

    def _quote(self, name: str, value: str) -> str:
        return self.look.guest.quote_value(name, value)

    def _remark(self, found: Found, text: UnitText) -> None:
        reasons = list(odd_file(found.path, found.entry))
        if self.folders.scope.startswith("/"):
            reasons = [reason for reason in reasons if not reason.startswith("its owner")]
        if reasons:
            self.look.remark(describe_odd("the unit", found.path, tuple(reasons)))
        for section in _sections(text):
            for command in (value for key in _COMMANDS for value in text.all(section, key)):
                for habit in odd_habits(command):
                    self.look.remark(f"the unit {as_text(found.path)} {habit}: {self.look.brief(command)}")


def _sections(text: UnitText) -> tuple[str, ...]:
    return tuple(sorted({section for section, name in text.values if name in _COMMANDS}))
