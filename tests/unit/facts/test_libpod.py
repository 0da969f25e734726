"""What Podman keeps: in sqlite as 5.4 of Debian 13 writes it, in a BoltDB that 4.3.1 of Debian 12 wrote."""

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.facts.tree import Node, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.libpod import MOST_CONTAINERS, KeptByLibpod, Libpod
from imgkit.facts.podman import podman_containers

STORE = "/var/lib/containers/storage"
NEVER = "0001-01-01T00:00:00Z"
CONFIG = {
    "spec": {
        "process": {
            "args": ["/bin/sleep", "9"],
            "env": ["TOKEN=s3cret"],
            "capabilities": {"bounding": ["CAP_CHOWN", "CAP_NET_ADMIN"]},
        },
        "mounts": [{"type": "bind", "source": "/etc", "destination": "/hostetc", "options": ["ro"]}],
        "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "mount"}]},
        "annotations": {"io.podman.annotations.privileged": "TRUE"},
    },
    "privileged": True,
    "restart_policy": "always",
    "labels": {"a": "b"},
    "newPortMappings": [{"host_ip": "", "container_port": 80, "host_port": 8080, "range": 1, "protocol": "tcp"}],
}
TABLES = """
CREATE TABLE ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT, PodID TEXT, JSON TEXT NOT NULL);
CREATE TABLE ContainerState(ID TEXT PRIMARY KEY NOT NULL, State INTEGER, ExitCode INTEGER, JSON TEXT NOT NULL);
"""
Rows = dict[str, tuple[object, object]]


def database(folder: Path, rows: Rows) -> bytes:
    path = folder / "db.sql"
    with closing(sqlite3.connect(path)) as made, made:
        made.executescript(TABLES)
        for identity, (config, state) in rows.items():
            made.execute("INSERT INTO ContainerConfig VALUES (?, 'x', NULL, ?)", (identity, config))
            made.execute("INSERT INTO ContainerState VALUES (?, 1, 0, ?)", (identity, state))
    return path.read_bytes()


def state(number: int, started: str, code: int = 0) -> bytes:
    return json.dumps({"state": number, "startedTime": started, "finishedTime": NEVER, "exitCode": code}).encode()


def gathering(folder: Path, rows: Rows) -> Gathering:
    stored = json.dumps([{"id": one, "names": [f"name-{one}"]} for one in rows])
    files: dict[str, Node] = {f"{STORE}/overlay-containers/containers.json": stored}
    return Gathering(guest_with({**files, f"{STORE}/db.sql": database(folder, rows)}))


def test_a_container_that_was_never_started_is_told_as_it_is_configured(tmp_path: Path) -> None:
    look = gathering(tmp_path, {"abc": (json.dumps(CONFIG), state(1, NEVER))})
    (found,) = podman_containers(look, STORE.encode())
    assert (found.name, found.command, found.privileged, found.network) == ("name-abc", "/bin/sleep 9", True, "host")
    assert (found.running, found.started, found.exit_code, found.restart) == (False, None, None, "always")
    assert (found.binds, found.environment, found.ports) == (("/etc:/hostetc:ro",), ("TOKEN",), ("*:8080 to 80/tcp",))
    assert (found.capabilities, found.labels) == ((), ("a", "io.podman.annotations.privileged"))
    assert "s3cret" not in repr(found)
    fact = look.fact((found,), nothing="")
    assert fact.remarks == (
        "the container name-abc is privileged",
        "the container name-abc shares the system's own network",
        "the container name-abc sees /etc of the system",
    )
    assert f"{STORE}/db.sql".encode() in [one.path for one in fact.sources]


@pytest.mark.parametrize(
    ("number", "code", "running", "told"),
    [(3, 0, True, None), (5, 0, True, None), (6, 3, False, 3), (99, 3, None, None)],
)
def test_the_state_is_what_was_noted_last(
    tmp_path: Path, number: int, code: int, running: bool | None, told: int | None
) -> None:
    rows: Rows = {"abc": (json.dumps({**CONFIG, "privileged": False}), state(number, "2026-11-28T20:23:21Z", code))}
    (found,) = podman_containers(gathering(tmp_path, rows), STORE.encode())
    assert (found.running, found.exit_code, found.privileged) == (running, told, False)
    assert found.capabilities == ("CAP_NET_ADMIN",)


def test_what_cannot_be_read_is_said_and_the_others_stay(tmp_path: Path) -> None:
    look = gathering(tmp_path, {"abc": ("{torn", b"{}"), "def": (json.dumps(CONFIG), "[]"), "ghi": (b"\xff", b"{}")})
    of_libpod = Libpod(look, STORE.encode())
    found = [of_libpod.kept(one) for one in ("abc", "def", "ghi", "none")]
    assert [bool(one.config) for one in found] == [False, True, False, False]
    notes = look.one(1, nothing="").notes
    assert [words.partition(" cannot")[0] for words in notes] == [
        f"{STORE}/db.sql: the container abc",
        f"{STORE}/db.sql: the container ghi",
    ]


def test_a_store_without_it_or_with_something_else_in_its_place_is_borne() -> None:
    assert Libpod(Gathering(guest_with({})), STORE.encode()).kept("abc") == KeptByLibpod()
    look = Gathering(guest_with({f"{STORE}/db.sql": b"no database"}))
    assert len(Libpod(look, STORE.encode())) == 0
    assert look.one(1, nothing="").notes


def test_of_very_many_only_the_first_are_looked_at(tmp_path: Path) -> None:
    look = gathering(tmp_path, {f"{number:05}": ("{}", b"{}") for number in range(MOST_CONTAINERS + 1)})
    assert len(Libpod(look, STORE.encode())) == MOST_CONTAINERS
    assert "only the first 1000 of 1001" in look.one(1, nothing="").notes[0]


NEVER_STARTED = "821cd9cccb30554e27e5a5bb140d49557e712076098c39b9bf86cc119b2be4f3"


@pytest.fixture
def older(data_folder: Path) -> bytes:
    return gzip.decompress((data_folder / "podman-4.3.1-bolt_state.db.gz").read_bytes())


@pytest.mark.parametrize("driver", ["overlay", "vfs", "btrfs", "zfs", "devicemapper", "aufs"])
def test_an_older_podman_keeps_the_same_in_a_boltdb(older: bytes, driver: str) -> None:
    stored = json.dumps([{"id": NEVER_STARTED, "names": ["never"]}])
    files: dict[str, Node] = {
        f"{STORE}/{driver}-containers/containers.json": stored,
        f"{STORE}/libpod/bolt_state.db": older,
    }
    look = Gathering(guest_with(files))
    (found,) = podman_containers(look, STORE.encode())
    assert (found.name, found.command, found.privileged) == ("never", "/bin/sleep 9", True)
    assert (found.running, found.started, found.exit_code, found.restart) == (False, None, None, "always")
    assert (found.binds, found.ports) == (("/etc:/hostetc:ro",), ("*:8080 to 80/tcp",))
    assert "TOKEN" in found.environment
    assert "s3cret" not in repr(found)
    assert f"{STORE}/libpod/bolt_state.db".encode() in [one.path for one in look.fact((found,), nothing="").sources]


def test_what_two_files_know_is_put_together(tmp_path: Path, older: bytes) -> None:
    rows: Rows = {"abc": (json.dumps(CONFIG), state(1, NEVER))}
    files: dict[str, Node] = {f"{STORE}/db.sql": database(tmp_path, rows), f"{STORE}/libpod/bolt_state.db": older}
    assert len(Libpod(Gathering(guest_with(files)), STORE.encode())) == 4


def test_of_a_container_in_both_the_newer_file_holds(tmp_path: Path, older: bytes) -> None:
    rows: Rows = {NEVER_STARTED: (json.dumps({**CONFIG, "restart_policy": "newer"}), state(1, NEVER))}
    files: dict[str, Node] = {f"{STORE}/db.sql": database(tmp_path, rows), f"{STORE}/libpod/bolt_state.db": older}
    kept = Libpod(Gathering(guest_with(files)), STORE.encode()).kept(NEVER_STARTED)
    assert kept.config["restart_policy"] == "newer"


def test_of_very_many_in_the_older_file_only_the_first_are_looked_at(
    older: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgkit.facts.libpod.MOST_CONTAINERS", 2)
    look = Gathering(guest_with({f"{STORE}/libpod/bolt_state.db": older}))
    assert len(Libpod(look, STORE.encode())) == 2
    assert "only the first 2 containers" in look.one(1, nothing="").notes[0]


def test_one_damaged_container_of_the_older_file_leaves_the_others(older: bytes) -> None:
    damaged = bytearray(older)
    at = damaged.find(b'{"spec":')  # the first of several copies: each page of a bucket's own is spoilt
    while at >= 0:
        start = at // 4096 * 4096
        while damaged[start : start + 8] != (start // 4096).to_bytes(8, "little"):
            start -= 4096
        if NEVER_STARTED.encode() in damaged[at : at + 20_000]:
            damaged[start : start + 8] = b"\xff" * 8
        at = damaged.find(b'{"spec":', at + 1)
    look = Gathering(guest_with({f"{STORE}/libpod/bolt_state.db": bytes(damaged)}))
    found = Libpod(look, STORE.encode())
    assert len(found) == 3
    assert "a container cannot be read: page" in look.one(1, nothing="").notes[0]
    assert found.kept(NEVER_STARTED).config == {}


@pytest.mark.parametrize(("damage", "kept"), [(b"", 0), (b"no database", 0)])
def test_an_older_file_that_is_none_is_said(damage: bytes, kept: int) -> None:
    look = Gathering(guest_with({f"{STORE}/libpod/bolt_state.db": damage}))
    assert len(Libpod(look, STORE.encode())) == kept
    assert "bolt_state.db cannot be read: it has no first page" in look.one(1, nothing="").notes[0]


def test_an_older_file_without_containers_lacks_nothing(older: bytes) -> None:
    look = Gathering(guest_with({f"{STORE}/libpod/bolt_state.db": older.replace(b"ctr", b"xtr")}))
    assert len(Libpod(look, STORE.encode())) == 0
    assert look.one(1, nothing="").notes == ()
