import gzip
import struct
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import File, MemoryTree, Shut, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest
from imgkit.facts.log_files import kind_of, look_at
from imgkit.facts.room import Room
from imgkit.model.logs import LogFile, LogKind

NOW = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 10**9
LINES = b"Feb 27 10:00:00 h a\n" + b"Feb 28 00:00:00 h x\n" * 50_000 + b"Feb 28 11:00:00 h b\nnot a time\n"
JOURNAL = b"LPKSHHRH" + bytes(176) + struct.pack("<QQ", 1_764_000_000_000_000, 1_764_003_600_000_000) + bytes(100)


def look(name: str, data: bytes) -> tuple[LogFile, LogKind]:
    guest = guest_with({f"/var/log/{name}": File(data, modified_ns=NOW)})
    return look_at(Gathering(guest), b"/var/log/" + name.encode(), guest.tree.stat(b"/var/log/" + name.encode()), "")


def spans(found: LogFile) -> tuple[str, str]:
    return (found.first.text if found.first else "", found.last.text if found.last else "")


def test_both_ends_of_lines_are_dated():
    found, kind = look("syslog", LINES)
    assert (kind, spans(found)) == (LogKind.LINES, ("Feb 27 10:00:00", "Feb 28 11:00:00"))


def test_the_log_of_cloud_init_is_in_utc_whatever_the_zone_is():
    guest = guest_with({f"/var/log/{name}": b"2026-11-28 20:35:57,001 - x\n" for name in ("cloud-init.log", "x.log")})
    paths = (b"/var/log/cloud-init.log", b"/var/log/x.log")
    found = [look_at(Gathering(guest), path, guest.tree.stat(path), "CST-8")[0].first for path in paths]
    assert [one.at.hour if one else None for one in found] == [20, 12]


def test_a_compressed_log_is_dated_too():
    found, _ = look("syslog.2.gz", gzip.compress(LINES))
    assert (found.compressed, spans(found)) == (True, ("Feb 27 10:00:00", "Feb 28 11:00:00"))


def test_only_the_ends_of_a_large_log_are_read():
    class Large(MemoryTree):
        def read_at(self, path: bytes, offset: int, *, length: int) -> bytes:
            return LINES[-length:]

    tree = Large({"/var/log/m": File(LINES[:100_000], size=10**12, modified_ns=NOW)})
    found, _ = look_at(Gathering(Guest(tree=tree, label="x")), b"/var/log/m", tree.stat(b"/var/log/m"), "")
    assert spans(found) == ("Feb 27 10:00:00", "Feb 28 11:00:00")
    assert max(tree.read_limits) <= 64 * 1024


def test_a_journal_is_dated_by_its_header():
    found, kind = look("system.journal", JOURNAL)
    assert (kind, found.first.at) == (LogKind.JOURNAL, datetime(2025, 11, 24, 16, 0, tzinfo=UTC))
    assert found.last.at == datetime(2025, 11, 24, 17, 0, tzinfo=UTC)


def test_kinds_are_told_by_name_and_first_bytes():
    assert kind_of(b"wtmp-20260101", b"\1\0") is LogKind.RECORDS
    assert kind_of(b"access.log.1", b"1.2.3.4 - -") is LogKind.ACCESS
    assert kind_of(b"audit.log", b"type=X msg=audit(1.2:3): ") is LogKind.AUDIT
    assert kind_of(b"db", b"a\0b") is LogKind.OTHER


def test_what_cannot_be_read_is_lacking_and_has_no_times():
    guest = guest_with({"/var/log/a": Shut("torn"), "/var/log/b.gz": b"no gzip"})
    gathering = Gathering(guest)
    for name in (b"/var/log/a", b"/var/log/b.gz"):
        entry = guest_with({name: File(b"x")}).tree.stat(name)
        assert spans(look_at(gathering, name, entry, "")[0]) == ("", "")
    assert len(gathering.fact((), nothing="").reason.split(";")) == 2


@given(st.sampled_from(["a.log", "a.gz", "a.xz", "a.zst", "a.journal"]), st.binary(max_size=300))
def test_any_bytes_are_borne(name, data):
    look(name, JOURNAL[:8] + data)
    look(name, data)


def test_logs_that_explode_are_not_unpacked_without_end():
    guest = replace(guest_with({"/var/log/a.gz": gzip.compress(LINES)}), room=Room(unpacked_bytes=len(LINES)))
    entry = guest.tree.stat(b"/var/log/a.gz")
    first, second = Gathering(guest), Gathering(guest)
    assert look_at(first, b"/var/log/a.gz", entry, "")[0].first is not None
    assert look_at(second, b"/var/log/a.gz", entry, "")[0].first is None
    assert "was not unpacked" in second.fact((), nothing="").reason
