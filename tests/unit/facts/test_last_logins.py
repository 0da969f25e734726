import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.login_samples import make_lastlog2
from tests.unit.facts.tree import MemoryTree, guest_with

from imgkit.facts import last_logins
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
