import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.login_samples import make_lastlog2
from tests.unit.facts.tree import File, MemoryTree, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts import last_logins, stored
from imgkit.facts.guest import Guest
from imgkit.facts.last_logins import read_failure_counts, read_last_logins
from imgkit.model.fact import FactState
from imgkit.model.logins import LastLogin

PASSWD = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh\n"
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def lastlog(records: dict[int, tuple[int, bytes, bytes]], form: str = "<I32s256s") -> bytes:
    size = struct.calcsize(form)
    data = bytearray(size * (max(records) + 1))
    for uid, fields in records.items():
        struct.pack_into(form, data, uid * size, *fields)
    return bytes(data)


@pytest.mark.parametrize("form", ["<I32s256s", "<q32s256s"])
def test_a_log_in_belongs_to_a_number_and_to_all_who_have_it(form):
    data = lastlog({0: (1_700_000_000, b"pts/0", b"192.0.2.7"), 1001: (1_700_000_000, b"tty1", b"")}, form)
    fact = read_last_logins(guest_with({"/etc/passwd": PASSWD, "/var/log/lastlog": data}))
    assert held(fact) == (
        LastLogin(path=b"/var/log/lastlog", uid=0, names=("root", "toor"), at=AT, terminal="pts/0", host="192.0.2.7"),
        LastLogin(path=b"/var/log/lastlog", uid=1001, names=(), at=AT, terminal="tty1", host=""),
    )
    assert fact.remarks == ("/var/log/lastlog: the user id 1001 was in, and no account has it any more",)


FAR = "far:x:4000000:1::/:/bin/sh\n"


class SparseTree(MemoryTree):
    """A lastlog of which the accounts far behind have their records too."""

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        assert offset == 4_000_000 * 292
        return struct.pack("<I32s256s", 1_700_000_000, b"pts/9", b"")[:length]


def test_a_record_far_behind_is_read_where_it_lies(monkeypatch):
    monkeypatch.setattr(last_logins, "_BEGINNING", 292 * 2)
    data = lastlog({0: (1_700_000_000, b"pts/0", b""), 9: (1_700_000_000, b"x", b"")})
    files = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\n" + FAR, "/var/log/lastlog": data}
    fact = read_last_logins(Guest(tree=SparseTree(files), label="x"))
    assert [(one.uid, one.terminal) for one in held(fact)] == [(0, "pts/0"), (4_000_000, "pts/9")]
    poorer = read_last_logins(guest_with(files))
    assert [one.uid for one in held(poorer)] == [0]
    assert "1 accounts with user ids from 2 on were not looked up" in poorer.notes[0]


class StoredTree(MemoryTree):
    """A tree whose lastlog has these records and nothing else; one stretch ends in the middle of a record."""

    form = "<I32s256s"
    records: ClassVar[dict[int, bytes]] = {0: b"pts/0", 14: b"tty1", 1_200_000_000: b"pts/3", 2_000_000_000: b"pts/9"}

    def stored(self, path: bytes, *, most: int) -> Sequence[tuple[int, int]]:
        assert path == b"/var/log/lastlog"
        size = struct.calcsize(self.form)
        halves = ((at, size // 2) for uid in sorted(self.records) for at in (uid * size, uid * size + size // 2))
        return list(halves)[:most]

    def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
        size = struct.calcsize(self.form)
        made = bytearray(length)
        for uid, terminal in self.records.items():
            raw = struct.pack(self.form, 1_700_000_000, terminal, b"192.0.2.7")
            low, high = max(offset, uid * size), min(offset + length, (uid + 1) * size)
            if low < high:
                made[low - offset : high - offset] = raw[low - uid * size : high - uid * size]
        return bytes(made)


class WideTree(StoredTree):
    form = "<q32s256s"


class ShutTree(StoredTree):
    def stored(self, path: bytes, *, most: int) -> Sequence[tuple[int, int]]:
        raise CannotLookInside("no program for it")


HUGE = {"/etc/passwd": PASSWD + FAR, "/var/log/lastlog": File(b"", size=584_000_000_292)}


@pytest.mark.parametrize("kind", [StoredTree, WideTree])
def test_of_half_a_terabyte_of_holes_every_record_is_read_and_nothing_lacks(kind):
    fact = read_last_logins(Guest(tree=kind(HUGE), label="x"))
    assert [(one.uid, one.terminal) for one in held(fact)] == [
        (uid, terminal.decode()) for uid, terminal in StoredTree.records.items()
    ]
    assert (fact.partial, fact.notes) == (False, ())
    (source,) = [one for one in fact.sources if one.path == b"/var/log/lastlog"]
    assert (source.sparse, source.truncated) == (True, False)
    assert source.size < 4 * 1000


def test_what_is_beyond_the_bounds_lacks_and_is_said(monkeypatch):
    monkeypatch.setattr(stored, "MOST_PIECES", 2)
    fact = read_last_logins(Guest(tree=StoredTree(HUGE), label="x"))
    assert [one.uid for one in held(fact)] == [0, 14]
    assert (fact.partial, fact.notes) == (True, ("/var/log/lastlog: only its first 2 stretches were read",))


def test_where_nobody_knows_the_holes_the_beginning_and_the_accounts_are_read(monkeypatch):
    monkeypatch.setattr(last_logins, "_BEGINNING", 292 * 2)
    monkeypatch.setattr(last_logins, "_LARGE", 292)
    monkeypatch.setattr(StoredTree, "records", {4_000_000: b"pts/9"})
    data = lastlog({0: (1_700_000_000, b"pts/0", b""), 9: (1_700_000_000, b"x", b"")})
    fact = read_last_logins(Guest(tree=ShutTree({**HUGE, "/var/log/lastlog": data}), label="x"))
    assert [(one.uid, one.terminal) for one in held(fact)] == [(0, "pts/0"), (4_000_000, "pts/9")]
    assert fact.partial


def test_a_number_that_no_user_can_have_is_none(monkeypatch):
    monkeypatch.setattr(StoredTree, "records", {5: b"pts/0", 2**32: b"pts/1"})
    assert [one.uid for one in held(read_last_logins(Guest(tree=StoredTree(HUGE), label="x")))] == [5]


def test_lastlog2_goes_by_name(tmp_path: Path):
    data = make_lastlog2(tmp_path, [("gone", 5, None, None, None), ("eve", 1_700_000_000, "pts/0", "x", "sshd")])
    fact = read_last_logins(guest_with({"/etc/passwd": PASSWD, "/var/lib/lastlog/lastlog2.db": data}))
    assert [(one.uid, one.names, one.at, one.service) for one in held(fact)] == [
        (1000, ("eve",), AT, "sshd"),
        (None, ("gone",), datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC), ""),
    ]


def test_nothing_of_it_is_absent():
    assert read_last_logins(guest_with({"/etc/passwd": PASSWD})).state is FactState.ABSENT
    assert read_failure_counts(guest_with({})).state is FactState.ABSENT


def test_failures_are_counted_by_number_and_by_file():
    faillog = bytes(32 * 1000) + struct.pack("<hh12sqq", 3, 0, b"tty1", 1_700_000_000, 0)
    tally = b"".join(
        struct.pack("<52sHHQ", source, 0, status, at)
        for source, status, at in ((b"192.0.2.7", 3, 1_600_000_000), (b"tty1", 5, 1_700_000_000), (b"old", 0, 1))
    )
    files = {"/etc/passwd": PASSWD, "/var/log/faillog": faillog, "/var/run/faillock/eve": tally + b"torn"}
    one, two = held(read_failure_counts(guest_with(files)))
    assert (one.uid, one.names, one.failures, one.latest, one.detail) == (1000, ("eve",), 3, AT, "tty1")
    assert (two.names, two.failures, two.latest, two.detail) == (("eve",), 2, AT, "192.0.2.7, tty1")


@given(st.binary(max_size=2000))
def test_any_bytes_are_borne(data):
    files = {"/var/log/lastlog": data, "/var/log/faillog": data, "/run/faillock/x": data}
    read_last_logins(guest_with(files))
    read_failure_counts(guest_with(files))
