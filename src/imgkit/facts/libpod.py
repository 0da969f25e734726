"""What Podman keeps of its containers, also of those that were never started: in sqlite from version 4.8 on.

Before that, and on machines that were upgraded from there, it is a BoltDB. Tables, buckets and the JSON in them are
libpod's (libpod/sqlite_state_internal.go, boltdb_state_internal.go, container_config.go).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imgkit.facts.bolt import BadBolt, BoltFile, Bucket
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.json_reading import BadJson, Value, mapping, number, parse_json
from imgkit.facts.login_databases import read_rows
from imgkit.units import MiB

MOST_CONTAINERS = 1000
_NAME, _OLDER = b"/db.sql", b"/libpod/bolt_state.db"
_OLDER_BYTES = 32 * MiB
_RUNNING = frozenset({3, 5})  # running, paused (libpod/define/containerstate.go)
_NOT_RUNNING = frozenset({1, 2, 4, 6})  # configured, created, stopped, exited


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptByLibpod:
    """A container's configuration and what was last noted of its state."""

    config: Mapping[str, Value] = field(default_factory=dict)
    state: Mapping[str, Value] = field(default_factory=dict)

    @property
    def running(self) -> bool | None:
        found = number(self.state.get("state"))
        return True if found in _RUNNING else False if found in _NOT_RUNNING else None


def read_libpod(gathering: Gathering, root: bytes) -> Mapping[str, KeptByLibpod]:
    """Return what is kept of each container of a store, by its id; of two files one may be left from before."""
    return {**_of_bolt(gathering, root + _OLDER), **_of_sqlite(gathering, root + _NAME)}


def _of_bolt(gathering: Gathering, path: bytes) -> dict[str, KeptByLibpod]:
    content = gathering.read(path, limit=_OLDER_BYTES)
    found: dict[str, KeptByLibpod] = {}
    if content is None:
        return found
    try:
        for identity, held in BoltFile.read(content.data).bucket(b"ctr").items():
            if len(found) == MOST_CONTAINERS:
                gathering.lack(f"only the first {MOST_CONTAINERS} containers in {as_text(path)} were looked at")
                break
            rows = dict(held.items()) if isinstance(held, Bucket) else {}
            one, texts = as_text(identity), {key: value for key, value in rows.items() if isinstance(value, bytes)}
            config = _object(gathering, path, one, as_text(texts.get(b"config", b"{}")))
            state = _object(gathering, path, one, as_text(texts.get(b"state", b"{}")))
            found[one] = KeptByLibpod(config=config or {}, state=state or {})
    except KeyError:
        return found  # never used: it has no containers yet
    except BadBolt as error:
        gathering.lack(f"{as_text(path)} cannot be read{' to its end' if found else ''}: {error}")
    return found


def _of_sqlite(gathering: Gathering, path: bytes) -> dict[str, KeptByLibpod]:
    configs = _objects(gathering, path, read_rows(gathering, path, "ContainerConfig", ("ID", "JSON")))
    states = _objects(gathering, path, read_rows(gathering, path, "ContainerState", ("ID", "JSON")) if configs else ())
    return {one: KeptByLibpod(config=config, state=states.get(one, {})) for one, config in configs.items()}


def _objects(gathering: Gathering, path: bytes, rows: Sequence[tuple[object, ...]]) -> dict[str, Mapping[str, Value]]:
    found: dict[str, Mapping[str, Value]] = {}
    if len(rows) > MOST_CONTAINERS:
        gathering.lack(f"only the first {MOST_CONTAINERS} of {len(rows)} containers in {as_text(path)} were looked at")
    for identity, raw in rows[:MOST_CONTAINERS]:
        text = as_text(raw) if isinstance(raw, bytes) else raw
        if isinstance(identity, str) and isinstance(text, str):
            read = _object(gathering, path, identity, text)
            found |= {} if read is None else {identity: read}
    return found


def _object(gathering: Gathering, path: bytes, identity: str, text: str) -> Mapping[str, Value] | None:
    try:
        return mapping(parse_json(text))
    except BadJson as error:
        gathering.lack(f"{as_text(path)}: the container {identity[:12]} cannot be read: {error}")
        return None
