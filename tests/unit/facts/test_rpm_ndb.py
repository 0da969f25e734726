import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.rpm_samples import make_ndb

from imgkit.facts.rpm_database import BadDatabase
from imgkit.facts.rpm_ndb import ndb_blobs

TWO = [b"first" * 20, b"second" * 300]


def blobs(data: bytes) -> list[bytes]:
    return list(ndb_blobs(io.BytesIO(data), len(data)))


def test_blobs_are_found_through_their_slots():
    assert blobs(make_ndb(TWO)) == TWO
    assert blobs(make_ndb([])) == []


def test_a_blob_whose_checksum_does_not_hold_is_empty_and_leaves_the_others():
    data = make_ndb(TWO)
    assert blobs(data.replace(b"firstfirst", b"fistrfirst", 1)) == [b"", TWO[1]]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no database"),
        (b"RpmP\1" + bytes(27), "version 1"),
        (b"RpmP" + bytes(8) + b"\xff" * 20, "pages"),
        (make_ndb(TWO).replace(b"Slot", b"Slit", 1), "slot 0"),
        (make_ndb(TWO)[:4096], "more room"),
    ],
)
def test_what_is_damaged_is_said(data, why):
    with pytest.raises(BadDatabase, match=why):
        list(ndb_blobs(io.BytesIO(data), min(len(data), 100)))


@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), max_size=20), st.integers(0, 7000))
def test_any_damage_ends_in_values_or_in_its_own_error(changes, size):
    data = bytearray(make_ndb(TWO))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        assert sum(map(len, blobs(bytes(data[:size])))) <= size
    except BadDatabase:
        return
