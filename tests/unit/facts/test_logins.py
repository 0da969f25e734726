import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.login_samples import make_wtmpdb
from tests.unit.facts.tree import Link, Nodes, Shut, guest_with
from tests.unit.facts.utmp_samples import BOOT, DEAD, USER, record

from imgkit.facts import logins
from imgkit.facts.logins import read_failed_logins, read_logins, read_sessions, read_system_events
from imgkit.model.fact import FactState, facts_within
from imgkit.model.logins import SessionEnd

START = 1_700_000_000


def test_rotated_files_come_first_whatever_they_are_called():
    fact = read_sessions(
        guest_with(
            {
                "/var/log/wtmp": record(DEAD, "", "pts/0", at=START + 900) + record(USER, "c", "pts/1", at=START + 901),
                "/var/log/wtmp.1": record(USER, "b", "pts/0", at=START + 500),
                "/var/log/wtmp-20230101.gz": gzip.compress(record(USER, "a", "tty1", at=START)),
                "/var/log/wtmpx": b"no",
            }
        )
    )
    assert [(one.user, one.path, one.end) for one in held(fact)] == [
        ("a", b"/var/log/wtmp-20230101.gz", SessionEnd.OPEN),
        ("b", b"/var/log/wtmp.1", SessionEnd.LOGOUT),
        ("c", b"/var/log/wtmp", SessionEnd.OPEN),
    ]
    assert [source.path for source in fact.sources] == [
        b"/var/log/wtmp",
        b"/var/log/wtmp-20230101.gz",
        b"/var/log/wtmp.1",
    ]


def test_failed_attempts_are_counted_by_name_and_host():
    attempts = [record(6, "root", "ssh:notty", "192.0.2.9", at=START + at) for at in range(100)]
    attempts.append(record(6, "admin", "ssh:notty", "192.0.2.9", at=START))
    fact = read_failed_logins(guest_with({"/var/log/btmp": b"".join(attempts)}))
    root, admin = held(fact)
    assert (root.user, root.host, root.count, admin.count) == ("root", "192.0.2.9", 100, 1)
    assert (root.first, root.last) == (datetime.fromtimestamp(START, UTC), datetime.fromtimestamp(START + 99, UTC))


def test_names_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(logins, "MOST_ATTEMPTS", 1)
    monkeypatch.setattr(logins, "MOST_SESSIONS", 1)
    both = record(USER, "a", "x", at=START) + record(USER, "b", "y", at=START + 1) + record(BOOT, at=START + 2) * 2
    guest = guest_with({"/var/log/btmp": both, "/var/log/wtmp": both})
    assert "left out" in read_failed_logins(guest).notes[0]
    assert [one.user for one in held(read_sessions(guest))] == ["b"]
    assert read_sessions(guest).notes == ("only the newest 1 of 2 sessions are given",)
    assert "newest 1 of 2 events" in read_system_events(guest).notes[0]


def test_wiped_records_and_a_torn_end_stand_out():
    data = record(BOOT, "reboot", "~", "5.10") + bytes(384) + b"torn"
    fact = read_system_events(guest_with({"/var/log/wtmp": data}))
    assert [(event.kind, event.detail) for event in held(fact)] == [("boot", "5.10")]
    assert [words.partition(": ")[2] for words in fact.remarks] == [
        "1 records are all zero, as after something was wiped out",
        "4 bytes at its end are no whole record",
    ]


def test_utmp_tells_who_is_in_where_there_is_no_wtmp():
    fact = read_sessions(guest_with({"/run/utmp": record(USER, "a", "tty1")}))
    assert [one.user for one in held(fact)] == ["a"]


def test_wtmpdb_has_sessions_starts_and_services(tmp_path: Path):
    rows: list[tuple[object, ...]] = [
        (1, "reboot", START * 10**6, (START + 90) * 10**6, "~", "6.1.0", None),
        (3, "eve", (START + 5) * 10**6, (START + 9) * 10**6, "pts/0", "192.0.2.7", "sshd"),
        (3, "root", (START + 7) * 10**6, None, "tty1", None, "login"),
    ]
    guest = guest_with({"/var/lib/wtmpdb/wtmp.db": make_wtmpdb(tmp_path, rows)})
    assert [(one.user, one.host, one.service, one.end) for one in held(read_sessions(guest))] == [
        ("eve", "192.0.2.7", "sshd", SessionEnd.LOGOUT),
        ("root", "", "login", SessionEnd.OPEN),
    ]
    assert [event.kind for event in held(read_system_events(guest))] == ["boot", "shutdown"]


@pytest.mark.parametrize("linked", [True, False])
def test_wtmpdb_in_the_folder_of_logs_is_read_once_and_is_no_wtmp(tmp_path: Path, linked: bool):
    """Debian 13 has a link to it in /var/lib/wtmpdb."""
    data = make_wtmpdb(tmp_path, [(3, "eve", START * 10**6, None, "pts/0", "192.0.2.7", "sshd")])
    nodes: Nodes = {"/var/log/wtmp.db": data, "/var/log/wtmp.db-wal": b"", "/var/log/wtmp": b""}
    (tmp_path / "older").mkdir()
    nodes = {**nodes, "/var/log/wtmp.20260101.db": make_wtmpdb(tmp_path / "older", [])}
    if linked:
        nodes = {**nodes, "/var/lib/wtmpdb/wtmp.db": Link(b"../../log/wtmp.db")}
    guest = guest_with(nodes)
    assert [one.user for one in held(read_sessions(guest))] == ["eve"]
    assert read_system_events(guest).remarks == ()


def test_a_damaged_archive_is_lacking_and_gives_what_it_can():
    fact = read_sessions(guest_with({"/var/log/wtmp.1.gz": gzip.compress(record(USER, "a", "x"))[:-20] + b"junk" * 9}))
    assert fact.partial
    assert fact.sources


def test_of_an_empty_tree_everything_is_absent_and_a_shut_log_is_not():
    found = read_logins(guest_with({}))
    assert {fact.state for _, fact in facts_within(found)} == {FactState.ABSENT}
    assert read_logins(guest_with({"/var/log/wtmp": Shut()})).sessions.state is FactState.UNDETERMINED


@given(st.binary(max_size=2000))
def test_any_bytes_are_borne(data):
    read_logins(guest_with({"/var/log/wtmp": data, "/var/log/btmp.1.gz": data, "/var/log/btmp": data}))
