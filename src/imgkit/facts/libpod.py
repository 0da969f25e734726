"""What Podman keeps of its containers in sqlite, from version 4.8 on: also of those that were never started.

The tables and the JSON in them are libpod's (libpod/sqlite_state_internal.go, libpod/container_config.go). Before that
it was a BoltDB, which is not read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.json_reading import BadJson, Value, mapping, number, parse_json
from imgkit.facts.login_databases import read_rows

MOST_CONTAINERS = 1000
_NAME = b"/db.sql"
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
    """Return what is kept of each container of a store, by its id."""
    path = root + _NAME
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
            try:
                found[identity] = mapping(parse_json(text))
            except BadJson as error:
                gathering.lack(f"{as_text(path)}: the container {identity[:12]} cannot be read: {error}")
    return found
