"""Extended headers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.archives.tar_samples import records

from imgkit.archives.pax import MOST_KEYS, decimal, parse_records, refuse_global
from imgkit.errors import ArchiveDamaged, ArchiveError, ArchiveUnsafe


def test_records_are_read_as_they_were_written() -> None:
    pairs = [("path", "a b=c\nd"), ("comment", ""), ("k" * 90, "v" * 2000)]
    assert parse_records(records(pairs)) == ({key.encode(): value.encode() for key, value in pairs}, [])


def test_offsets_and_lengths_keep_their_order() -> None:
    data = records([("GNU.sparse.offset", "0"), ("GNU.sparse.numbytes", "5"), ("GNU.sparse.offset", "9")])
    with pytest.raises(ArchiveDamaged, match="last length"):
        parse_records(data)
    assert parse_records(data + records([("GNU.sparse.numbytes", "1")])) == ({}, [b"0", b"5", b"9", b"1"])


def test_a_million_keys_are_not_kept() -> None:
    pairs = [(f"key{number}", "") for number in range(MOST_KEYS + 1)]
    assert len(parse_records(records(pairs[:-1]))[0]) == MOST_KEYS
    with pytest.raises(ArchiveUnsafe, match="more than 1000 things"):
        parse_records(records(pairs))


def test_saying_the_same_twice_is_no_contradiction() -> None:
    assert parse_records(records([("size", "5"), ("size", "5")]))[0] == {b"size": b"5"}
    with pytest.raises(ArchiveUnsafe, match="twice"):
        parse_records(records([("size", "5"), ("size", "6")]))


@pytest.mark.parametrize(
    "data",
    [b"x", b"9", b"0 a=b\n", b"3 a\n", b"99 a=b\n", b"6 a=b\nx", b"6 a=bx", b"-6 a=b\n", b"00000000006 a=b\n", b"\0"],
)
def test_a_malformed_record_is_damage(data: bytes) -> None:
    with pytest.raises(ArchiveDamaged):
        parse_records(data)


@given(st.binary(max_size=60))
def test_whatever_stands_there_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ArchiveError):
        parse_records(data)


@pytest.mark.parametrize("key", [b"path", b"size", b"linkpath", b"GNU.sparse.major"])
def test_what_would_hold_for_all_members_is_refused(key: bytes) -> None:
    refuse_global({b"comment": b"x", b"mtime": b"1"}, [])
    with pytest.raises(ArchiveUnsafe):
        refuse_global({key: b"1"}, [])


def test_decimals_have_bounds() -> None:
    assert decimal(b"0009", what="it") == 9
    for text in (b"", b"-1", b"1.5", b"\xb2"):
        with pytest.raises(ArchiveDamaged, match="it is no number"):
            decimal(text, what="it")
    for text in (b"9" * 5000, b"%d" % (1 << 63)):
        with pytest.raises(ArchiveUnsafe, match="it is absurd"):
            decimal(text, what="it")
