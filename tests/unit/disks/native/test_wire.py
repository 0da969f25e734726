"""What passes over the pipe comes out as it went in; nonsense is told."""

import pytest

from imgkit.disks.native.reader import Row, Stretch
from imgkit.disks.native.tree import Listed
from imgkit.disks.native.wire import (
    ENTRIES_A_FRAME,
    Garbled,
    decode_absence,
    decode_entries,
    decode_pairs,
    decode_stretches,
    encode_absence,
    encode_entries,
    encode_pairs,
    encode_stretches,
)
from imgkit.model.tree import Entry, EntryKind

FAR = 30_000 * 366 * 86400 * 1_000_000_000  # beyond 64 bits of nanoseconds: NTFS can say that
ROW = Row(0o104755, 5, 100_000, 4_000_000_000, 1 << 50, 2, -1, FAR, 3, None)


def test_entries_keep_every_number_and_every_byte_of_a_name() -> None:
    (payload,) = encode_entries([Listed(b"\xff\n", 3, ROW), Listed(b"b", 0, ROW._replace(born_ns=-7))])
    first, second = decode_entries(payload)
    assert first == Entry(
        name=b"\xff\n",
        kind=EntryKind.FILE,
        size=5,
        mode=0o104755,
        uid=100_000,
        gid=4_000_000_000,
        inode=1 << 50,
        links=2,
        modified_ns=-1,
        accessed_ns=FAR,
        changed_ns=3,
        born_ns=None,
        file_system=3,
    )
    assert second.born_ns == -7


def test_an_entry_that_could_not_be_read_has_its_name_only() -> None:
    (payload,) = encode_entries([Listed(b"x", 1, None)])
    assert decode_entries(payload) == [Entry(name=b"x", kind=EntryKind.OTHER, links=0, file_system=1)]


def test_large_folders_come_in_several_frames_and_empty_ones_in_one() -> None:
    frames = list(encode_entries(Listed(b"%d" % number, 0, ROW) for number in range(ENTRIES_A_FRAME + 1)))
    assert [len(decode_entries(frame)) for frame in frames] == [ENTRIES_A_FRAME, 1]
    assert [decode_entries(frame) for frame in encode_entries([])] == [[]]


@pytest.mark.parametrize("payload", [b"", b"\x05\0\0\0", b"\xff\xff\xff\xff" + bytes(100), b"\x01\0\0\0" + bytes(40)])
def test_nonsense_is_garbled(payload: bytes) -> None:
    if payload:
        with pytest.raises(Garbled):
            decode_entries(payload)


def test_pairs_hold_any_bytes() -> None:
    pairs = {b"user.\0": b"", b"": b"\xff" * 300}
    assert dict(decode_pairs(encode_pairs(pairs.items()))) == pairs
    for cut in (3, 10):
        with pytest.raises(Garbled):
            dict(decode_pairs(encode_pairs(pairs.items())[:cut]))


def test_stretches_come_out_as_they_went_in_and_a_torn_one_is_told() -> None:
    payload = encode_stretches([Stretch(0, 1), Stretch(1 << 63, 1 << 40)])
    assert decode_stretches(payload) == [(0, 1), (1 << 63, 1 << 40)]
    with pytest.raises(Garbled):
        decode_stretches(payload[:-1])


def test_why_something_is_absent_comes_with_what_is_there_where_that_is_little() -> None:
    for lacking in (None, (b"", [b"a", b"\xff"]), (b"/etc", [])):
        expected = None if lacking is None else (lacking[0], frozenset(lacking[1]) or frozenset({b""}))
        assert decode_absence(encode_absence(b"words", lacking)) == (b"words", expected)
    assert decode_absence(encode_absence(b"", (b"/", [b"n" * 200] * 1000))) == (b"", None)


@pytest.mark.parametrize("payload", [b"", b"x", encode_pairs([(b"a", b"b")]), encode_pairs([(b"a", b"")] * 3)])
def test_an_absence_that_says_nothing_is_garbled(payload: bytes) -> None:
    with pytest.raises(Garbled):
        decode_absence(payload)
