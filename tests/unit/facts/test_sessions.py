from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.utmp_samples import BOOT, DEAD, NEW_TIME, RUN_LEVEL, USER, record

from imgkit.facts import sessions
from imgkit.facts.sessions import SessionBook
from imgkit.facts.utmp_records import read_records
from imgkit.model.logins import SessionEnd

START = 1_700_000_000


def book_of(*records: bytes) -> SessionBook:
    book = SessionBook()
    book.add(b"/var/log/wtmp", read_records(b"".join(records)))
    return book


def seconds(at: datetime | None) -> int | None:
    return int(at.timestamp()) - START if at is not None else None


def test_a_session_ends_where_its_terminal_dies():
    book = book_of(
        record(USER, "root", "pts/0", at=START),
        record(USER, "eve", "pts/1", at=START + 5),
        record(DEAD, "", "pts/0", at=START + 60),
    )
    assert [(one.user, seconds(one.ended), one.end) for one in book.sessions] == [
        ("root", 60, SessionEnd.LOGOUT),
        ("eve", None, SessionEnd.OPEN),
    ]


def test_a_shutdown_and_a_crash_end_everything():
    book = book_of(
        record(USER, "a", "tty1", at=START),
        record(RUN_LEVEL, "shutdown", "~", "5.10", pid=0, at=START + 9),
        record(BOOT, "reboot", "~", "5.10", at=START + 20),
        record(USER, "b", "tty1", at=START + 30),
        record(BOOT, "reboot", "~", "5.10", at=START + 50),
        record(RUN_LEVEL, "runlevel", "~", "5.10", pid=ord("5"), at=START + 51),
        record(NEW_TIME, "", "}", at=START + 52),
    )
    assert [(one.user, seconds(one.ended), one.end) for one in book.sessions] == [
        ("a", 9, SessionEnd.SHUTDOWN),
        ("b", 50, SessionEnd.CRASH),
    ]
    assert [(event.kind, event.detail) for event in book.events] == [
        ("shutdown", "5.10"),
        ("boot", "5.10"),
        ("boot", "5.10"),
        ("run level", "5 5.10"),
        ("clock", "set to this"),
    ]


def test_a_second_log_in_on_a_terminal_leaves_the_end_of_the_first_unknown():
    book = book_of(record(USER, "a", "pts/0"), record(USER, "b", "pts/0"))
    assert [(one.ended, one.end) for one in book.sessions] == [(None, SessionEnd.UNKNOWN), (None, SessionEnd.OPEN)]


def test_a_session_goes_on_into_the_next_file():
    book = SessionBook()
    book.add(b"/old", read_records(record(USER, "a", "pts/0")))
    book.add(b"/new", read_records(record(DEAD, "", "pts/0", at=START + 7)))
    assert (book.sessions[0].path, book.sessions[0].ended) == (b"/old", datetime.fromtimestamp(START + 7, UTC))


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["a", "shutdown", ""]), st.sampled_from(["x", "y"]))))
def test_any_order_of_records_is_borne(found):
    book = book_of(*(record(kind, user, terminal) for kind, user, terminal in found))
    assert len(book.sessions) + len(book.events) <= len(found)


def test_of_sessions_without_end_the_newest_stay_and_end_where_they_should(monkeypatch):
    monkeypatch.setattr(sessions, "_SPARE", 3)
    book = SessionBook(most=5)
    log_ins = b"".join(record(USER, f"u{number}", f"pts/{number}", at=START + number) for number in range(20))
    book.add(b"/var/log/wtmp", read_records(log_ins + record(DEAD, "", "pts/19", at=START + 90)))
    assert len(book.sessions) + book.sessions_dropped == 20
    assert 5 <= len(book.sessions) < 8
    assert [one.user for one in book.sessions] == [f"u{number}" for number in range(20 - len(book.sessions), 20)]
    assert [one.end for one in book.sessions[-2:]] == [SessionEnd.OPEN, SessionEnd.LOGOUT]
    book.add(b"/var/log/wtmp", read_records(record(DEAD, "", "pts/0", at=START + 99)))
    assert book.sessions[0].end is SessionEnd.OPEN, "a session that is gone is not mistaken for another"
