from datetime import UTC, datetime

import pytest
from tests.unit.facts.tree import File, Link, Nodes, Shut, guest_with

from imgkit.facts.logs import describe_logs, read_logs, series_of
from imgkit.model.fact import FactState
from imgkit.model.logs import Log

NOW = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 10**9
WHOLE = {f"/var/log/{name}": b"\1" for name in ("wtmp", "btmp", "lastlog")}


def log(text: str) -> File:
    return File(text.encode(), modified_ns=NOW)


def read(files: Nodes) -> tuple[dict[bytes, Log], tuple[str, ...]]:
    fact = read_logs(guest_with(files))
    return {one.path: one for one in fact.value or ()}, fact.remarks


@pytest.mark.parametrize(
    ("name", "series"),
    [
        (b"/var/log/syslog", b"/var/log/syslog"),
        (b"/var/log/syslog.1", b"/var/log/syslog"),
        (b"/var/log/syslog.12.gz", b"/var/log/syslog"),
        (b"/var/log/secure-20260101", b"/var/log/secure"),
        (b"/var/log/secure-20260101.xz", b"/var/log/secure"),
        (b"/var/log/auth.log.1", b"/var/log/auth.log"),
        (b"/var/log/nginx/access.log-20260101.gz", b"/var/log/nginx/access.log"),
        (b"/j/system@0006201e8d7a4b2c-1f2e3d4c5b6a7980.journal", b"/j/system.journal"),
        (b"/j/user-1000.journal", b"/j/user-1000.journal"),
    ],
)
def test_rotated_files_belong_to_their_log(name, series):
    assert series_of(name) == series


def test_a_log_covers_all_its_files_and_gaps_are_found():
    files = {
        **WHOLE,
        "/var/log/syslog": log("Feb 27 10:00:00 a\nFeb 28 10:00:00 b\n"),
        "/var/log/syslog.1": log("Feb 20 10:00:00 a\nFeb 27 09:59:00 b\n"),
        "/var/log/syslog.2": log("Feb 01 10:00:00 a\nFeb 10 10:00:00 b\n"),
    }
    logs, remarks = read(files)
    found = logs[b"/var/log/syslog"]
    assert (found.first, found.last) == (datetime(2026, 2, 1, 10, tzinfo=UTC), datetime(2026, 2, 28, 10, tzinfo=UTC))
    assert [one.path[-1:] for one in found.files] == [b"2", b"1", b"g"]
    assert [(gap.after, gap.before) for gap in found.gaps] == [(b"/var/log/syslog.2", b"/var/log/syslog.1")]
    assert remarks == ("/var/log/syslog is silent from 2026-02-10T10:00:00+00:00 to 2026-02-20T10:00:00+00:00",)


def test_what_is_empty_missing_or_led_astray_stands_out():
    files = {
        "/var/log/wtmp": b"",
        "/var/log/btmp": b"",
        "/var/log/messages": Link(b"/dev/null"),
        "/etc/rsyslog.conf": "",
    }
    assert read(files)[1] == (
        "/var/log/wtmp is empty",
        "/var/log/lastlog is not there",
        "/var/log/auth.log or /var/log/secure is not there",
        "/var/log/messages is a link into /dev: what is written there is lost",
    )


def test_without_rsyslog_its_logs_are_not_missed():
    assert read({**WHOLE, "/var/log/x": b""})[1] == ()


def test_no_folder_is_absent_and_one_that_cannot_be_listed_is_not():
    assert read_logs(guest_with({})).state is FactState.ABSENT
    assert describe_logs(guest_with({"/var/log": Shut("torn")})).logs.state is FactState.UNDETERMINED


def test_many_files_and_deep_folders_are_left_and_said():
    fact = read_logs(guest_with({**WHOLE, **{f"/var/log/f/{at:04}": b"" for at in range(1100)}}))
    assert fact.partial
    assert read_logs(guest_with({**WHOLE, "/var/log/a/b/c/d/e/f": b""})).partial
