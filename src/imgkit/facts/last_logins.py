"""The last log-in of each user, and how often one failed: lastlog, lastlog2, faillog, pam_faillock.

lastlog and faillog are arrays by user id, sparse and perhaps of terabytes: of a large one only what is stored is read.
Where an engine cannot tell where that lies, it is the beginning, and the places of the accounts that there are.

Layouts: lastlog.h of glibc (a time of 32 bits where utmp has one, else of 64), faillog.h of shadow, faillock.h of
Linux-PAM; in the byte order of x86 and ARM, the processors of ECS: a lone time does not tell the order by itself.
"""

import logging
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, ReadsAt, as_text, moment
from imgkit.facts.homes import Account, accounts_of
from imgkit.facts.login_databases import read_rows, text_of_column, time_of
from imgkit.facts.stored import ReadsStored, read_stored
from imgkit.facts.utmp_records import text_of
from imgkit.model.fact import Fact, Source
from imgkit.model.logins import FailureCount, LastLogin
from imgkit.model.tree import Entry, EntryKind
from imgkit.units import KiB, MiB

_LASTLOG = b"/var/log/lastlog"
_LASTLOG2 = b"/var/lib/lastlog/lastlog2.db"
_FAILLOG = b"/var/log/faillog"
_FAILLOCK = (b"/run/faillock", b"/var/run/faillock", b"/var/lib/faillock")
_BEGINNING = 64 * MiB
_LARGE = 8 * MiB
_LARGEST_UID = 2**32 - 1
_MOST_FAR = 10_000
_MOST_RECORDS = 50_000
_LATEST = 2**33
_LOOK_AT = 64
_STRIDE = 1024
_TALLY_BYTES = 64 * KiB
_LASTLOG_FORMS = tuple(struct.Struct(form) for form in ("<I32s256s", "<q32s256s"))
_FAILLOG_FORMS = tuple(struct.Struct(form) for form in ("<hh12sqq", "<hh12sii"))
_LONGEST_RECORD = max(form.size for form in (*_LASTLOG_FORMS, *_FAILLOG_FORMS))
_TALLY = struct.Struct("<52sHHQ")
_TALLY_VALID = 1

log = logging.getLogger(__name__)

Fields = tuple[Any, ...]  # of a record, as its layout has them
Pieces = tuple[tuple[int, bytes], ...]  # of a file, with their offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """The record of a user id."""

    uid: int
    fields: Fields


def read_last_logins(guest: Guest) -> Fact[tuple[LastLogin, ...]]:
    """List who was ever in, in the order of user ids, then those of lastlog2 by name."""
    look = Gathering(guest)
    accounts = accounts_of(Gathering(guest))
    names = _names(accounts)
    found = [
        LastLogin(
            path=_LASTLOG,
            uid=one.uid,
            names=names.get(one.uid, ()),
            at=moment(one.fields[0]),
            terminal=text_of(one.fields[1]),
            host=text_of(one.fields[2]),
        )
        for one in _first(look, _records(look, _LASTLOG, _LASTLOG_FORMS, accounts, _is_last_login))
    ]
    for one in found:
        if not one.names:
            look.remark(f"{as_text(_LASTLOG)}: the user id {one.uid} was in, and no account has it any more")
    found += _from_lastlog2(look, accounts)
    return look.fact(tuple(found), nothing="there is neither a lastlog nor a lastlog2")


def read_failure_counts(guest: Guest) -> Fact[tuple[FailureCount, ...]]:
    """List who failed to come in since the last good log-in."""
    look = Gathering(guest)
    accounts = accounts_of(Gathering(guest))
    names = _names(accounts)
    found = [
        FailureCount(
            path=_FAILLOG,
            uid=one.uid,
            names=names.get(one.uid, ()),
            failures=one.fields[0],
            latest=moment(one.fields[3]),
            detail=text_of(one.fields[2]),
        )
        for one in _first(look, _records(look, _FAILLOG, _FAILLOG_FORMS, accounts, _is_failure))
    ]
    return look.fact((*found, *_tallies(look)), nothing="there is neither a faillog nor a faillock")


def _first(look: Gathering, records: Iterator[_Numbered]) -> tuple[_Numbered, ...]:
    return look.first(records, _MOST_RECORDS, "records")


def _names(accounts: Sequence[Account]) -> dict[int, tuple[str, ...]]:
    names: dict[int, list[str]] = {}
    for account in accounts:
        names.setdefault(account.uid, []).append(account.name)
    return {uid: tuple(found) for uid, found in names.items()}


def _records(
    look: Gathering,
    path: bytes,
    forms: Sequence[struct.Struct],
    accounts: Sequence[Account],
    makes_sense: Callable[[Fields], bool],
) -> Iterator[_Numbered]:
    """Yield the records that are not all zero, of all that is stored of the file."""
    entry = look.stat(path)
    if entry is None:
        return
    pieces = _stored(look, path, entry)
    whole = pieces is not None
    if pieces is None:
        content = look.read(path, limit=_BEGINNING)
        pieces = ((0, content.data),) if content is not None else ()
        whole = content is None or not content.source.truncated
    form = _choose(pieces, entry.size, forms, makes_sense)
    for uid, fields in _numbered(pieces, form):
        if makes_sense(fields) and uid <= _LARGEST_UID:
            yield _Numbered(uid=uid, fields=fields)
    if not whole:
        yield from _far(look, path, form, accounts, start=_BEGINNING // form.size)


def _stored(look: Gathering, path: bytes, entry: Entry) -> Pieces | None:
    """Read a large file without its holes; None where it is not large, or nobody can tell where they are."""
    tree = look.guest.tree
    if entry.kind is not EntryKind.FILE or entry.size <= _LARGE or not isinstance(tree, ReadsStored):
        return None
    try:
        found = read_stored(tree, path, around=_LONGEST_RECORD)
    except (CannotLookInside, NoSuchPathInside) as error:
        log.info("the holes of %s are not known: %s", as_text(path), error)
        return None
    look.add_source(Source(tree=look.guest.label, path=path, sha256=found.sha256, size=found.size, sparse=True))
    if found.left_out:
        look.lack(f"{as_text(path)}: {found.left_out}")
    return found.pieces


def _far(
    look: Gathering, path: bytes, form: struct.Struct, accounts: Sequence[Account], *, start: int
) -> Iterator[_Numbered]:
    """Look up the accounts beyond the beginning, where nothing but their user ids tells where a record may lie."""
    uids = sorted({account.uid for account in accounts if account.uid >= start})
    if not isinstance(look.guest.tree, ReadsAt):
        if uids:
            look.lack(f"{as_text(path)}: {len(uids)} accounts with user ids from {start} on were not looked up")
        return
    for uid in uids[:_MOST_FAR]:
        data = look.guest.tree.read_at(path, uid * form.size, length=form.size)
        if len(data) == form.size and any(data):
            yield _Numbered(uid=uid, fields=form.unpack(data))


def _choose(
    pieces: Pieces, size: int, forms: Sequence[struct.Struct], makes_sense: Callable[[Fields], bool]
) -> struct.Struct:
    """Return the layout by which most records make sense; one that the length fits, where two do equally."""

    def sense(form: struct.Struct) -> tuple[float, bool, int]:
        judged = [makes_sense(fields) for _, fields in islice(_numbered(pieces, form), _LOOK_AT)]
        return sum(judged) / len(judged) if judged else 0.0, size % form.size == 0, -forms.index(form)

    return max(forms, key=sense)


def _numbered(pieces: Pieces, form: struct.Struct) -> Iterator[tuple[int, Fields]]:
    for offset, data in pieces:
        yield from _array(data, form, offset)


def _array(data: bytes, form: struct.Struct, offset: int) -> Iterator[tuple[int, Fields]]:
    """Yield the whole records that are not all zero with their numbers; holes are leapt over in great steps."""
    size = form.size
    stride = size * _STRIDE
    first = -(-offset // size)
    begin = first * size - offset
    for base in range(begin, len(data), stride):
        end = min(base + stride, len(data))
        if data.count(0, base, end) == end - base:
            continue
        for at in range(base, end - size + 1, size):
            if data.count(0, at, at + size) != size:
                yield first + (at - begin) // size, form.unpack_from(data, at)


def _is_last_login(fields: Fields) -> bool:
    return 0 < fields[0] < _LATEST and text_of(fields[1]).isprintable() and text_of(fields[2]).isprintable()


def _is_failure(fields: Fields) -> bool:
    count, _, line, latest, locked = fields
    return count > 0 and 0 < latest < _LATEST and 0 <= locked < _LATEST and text_of(line).isprintable()


def _from_lastlog2(look: Gathering, accounts: Sequence[Account]) -> Iterator[LastLogin]:
    uids: dict[str, int] = {}
    for account in accounts:
        uids.setdefault(account.name, account.uid)
    rows = read_rows(look, _LASTLOG2, "Lastlog2", ("Name", "Time", "TTY", "RemoteHost", "Service"))
    for name, at, terminal, host, service in sorted(rows, key=lambda row: text_of_column(row[0])):
        user = text_of_column(name)
        yield LastLogin(
            path=_LASTLOG2,
            uid=uids.get(user),
            names=(user,),
            at=time_of(at, per_second=1),
            terminal=text_of_column(terminal),
            host=text_of_column(host),
            service=text_of_column(service),
        )


def _tallies(look: Gathering) -> Iterator[FailureCount]:
    """Yield what pam_faillock counted: a file a user, a record an attempt."""
    for folder in _FAILLOCK:
        for found in look.names(folder):
            content = look.read(found.path, limit=_TALLY_BYTES)
            data = content.data if content is not None else b""
            records = [_TALLY.unpack_from(data, at) for at in range(0, len(data) - _TALLY.size + 1, _TALLY.size)]
            valid = [record for record in records if record[2] & _TALLY_VALID]
            if valid:
                sources = sorted({text_of(record[0]) for record in valid})
                yield FailureCount(
                    path=found.path,
                    uid=None,
                    names=(as_text(found.entry.name),),
                    failures=len(valid),
                    latest=moment(max(record[3] for record in valid)),
                    detail=", ".join(sources[:20]),
                )
