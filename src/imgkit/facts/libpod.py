"""What Podman keeps of its containers, also of those that were never started: in sqlite from version 4.8 on.

Before that, and on machines that were upgraded from there, it is a BoltDB. Tables, buckets and the JSON in them are
libpod's (libpod/sqlite_state_internal.go, boltdb_state_internal.go, container_config.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from imgkit.facts.bolt import BadBolt, BoltFile, Bucket
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.json_reading import BadJson, Value, mapping, number, parse_json
from imgkit.facts.login_databases import read_rows
from imgkit.units import MiB

MOST_CONTAINERS = 1000
_NAME, _OLDER = b"/db.sql", b"/libpod/bolt_state.db"
_OLDER_BYTES = 64 * MiB
_RUNNING = frozenset({3, 5})  # running, paused (libpod/define/containerstate.go)
_NOT_RUNNING = frozenset({1, 2, 4, 6})  # configured, created, stopped, exited


_Texts = dict[str, tuple[bytes, str, str]]  # by the id: the file, the configuration, the state


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptByLibpod:
    """A container's configuration and what was last noted of its state."""

    config: Mapping[str, Value] = field(default_factory=dict)
    state: Mapping[str, Value] = field(default_factory=dict)

    @property
    def running(self) -> bool | None:
        found = number(self.state.get("state"))
        return True if found in _RUNNING else False if found in _NOT_RUNNING else None


class Libpod:
    """What is kept of each container of a store, by its id: as text, read one at a time, which takes far less room."""

    def __init__(self, gathering: Gathering, root: bytes) -> None:
        self._gathering = gathering
        self._texts = {**_of_bolt(gathering, root + _OLDER), **_of_sqlite(gathering, root + _NAME)}

    def __len__(self) -> int:
        return len(self._texts)

    def kept(self, identity: str) -> KeptByLibpod:
        """Return what is kept of a container; of two files one may be left from before the machine was upgraded."""
        path, config, state = self._texts.get(identity, (b"", "{}", "{}"))
        return KeptByLibpod(config=self._object(path, identity, config), state=self._object(path, identity, state))

    def _object(self, path: bytes, identity: str, text: str) -> Mapping[str, Value]:
        try:
            return mapping(parse_json(text))
        except BadJson as error:
            self._gathering.lack(f"{as_text(path)}: the container {identity[:12]} cannot be read: {error}")
            return {}


def _of_bolt(gathering: Gathering, path: bytes) -> _Texts:
    content = gathering.read(path, limit=_OLDER_BYTES)
    found: _Texts = {}
    if content is None:
        return found
    try:
        for number, (identity, held) in enumerate(BoltFile.read(content.data).bucket(b"ctr").items()):
            if number == MOST_CONTAINERS:
                gathering.lack(f"only the first {MOST_CONTAINERS} containers in {as_text(path)} were looked at")
                break
            rows = _rows(gathering, path, held) if isinstance(held, Bucket) else {}
            found[as_text(identity)] = path, rows.get(b"config", "{}"), rows.get(b"state", "{}")
    except KeyError:
        return found  # never used: it has no containers yet
    except BadBolt as error:
        gathering.lack(f"{as_text(path)} cannot be read{' to its end' if found else ''}: {error}")
    return found


def _rows(gathering: Gathering, path: bytes, held: Bucket) -> dict[bytes, str]:
    """Return what is kept of one container; one that is damaged leaves the others."""
    found: dict[bytes, str] = {}
    try:
        for key, value in held.items():
            if key in {b"config", b"state"} and isinstance(value, bytes):
                found[key] = as_text(value)
    except BadBolt as error:
        gathering.lack(f"{as_text(path)}: a container cannot be read: {error}")
    return found


def _of_sqlite(gathering: Gathering, path: bytes) -> _Texts:
    configs = _column(gathering, path, "ContainerConfig")
    states = _column(gathering, path, "ContainerState") if configs else {}
    return {one: (path, config, states.get(one, "{}")) for one, config in configs.items()}


def _column(gathering: Gathering, path: bytes, table: str) -> dict[str, str]:
    rows = read_rows(gathering, path, table, ("ID", "JSON"))
    if len(rows) > MOST_CONTAINERS:
        gathering.lack(f"only the first {MOST_CONTAINERS} of {len(rows)} containers in {as_text(path)} were looked at")
    found = {}
    for identity, raw in rows[:MOST_CONTAINERS]:
        text = as_text(raw) if isinstance(raw, bytes) else raw
        if isinstance(identity, str) and isinstance(text, str):
            found[identity] = text
    return found
