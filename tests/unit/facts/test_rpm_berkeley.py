import io
import struct
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.rpm_samples import make_berkeley

from imgkit.facts.rpm_berkeley import berkeley_blobs
from imgkit.facts.rpm_database import BadDatabase

SHORT, LONG = b"s" * 100, bytes(range(256)) * 100


def blobs(data: bytes) -> list[bytes]:
    return list(berkeley_blobs(io.BytesIO(data), len(data)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("page_bytes", [512, 4096, 65536 // 2])
def test_values_are_put_together_from_their_chains(order, page_bytes):
    assert blobs(make_berkeley([SHORT, LONG], page_bytes=page_bytes, order=order)) == [SHORT, LONG]


def test_the_count_of_packages_is_no_package():
    assert blobs(make_berkeley([])) == []


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (12, b"\0\0\0\0", "no hash"),
        (20, struct.pack("<I", 4095), "4095"),
        (24, b"\1", "encrypted"),
        (26, b"\1", "checksums"),
    ],
)
def test_what_rpm_never_writes_is_refused(at, value, why):
    data = make_berkeley([SHORT])
    with pytest.raises(BadDatabase, match=why):
        blobs(data[:at] + value + data[at + len(value) :])


def test_a_file_cut_short_gives_what_it_has_and_then_says_so():
    data = make_berkeley([SHORT, LONG])
    reader = berkeley_blobs(io.BytesIO(data[: 3 * 4096]), 3 * 4096)
    assert [next(reader), next(reader)] == [SHORT, b""]
    with pytest.raises(BadDatabase, match="should have"):
        next(reader)


def test_a_chain_that_leads_back_to_itself_ends():
    data = bytearray(make_berkeley([LONG]))
    struct.pack_into("<I", data, 3 * 4096 + 16, 2)  # the second page of the chain points to the first
    assert blobs(bytes(data))[0] != LONG


def test_a_chain_used_again_and_again_is_cut_off():
    data = make_berkeley([b"x" * 3000] * 60)
    for number in range(3, 62):  # all keys point to the first chain
        data = data.replace(b"\x03\0\0\0" + struct.pack("<I", number), b"\x03\0\0\0" + struct.pack("<I", 2))
    small = data[: 4 * 4096]
    reader = berkeley_blobs(io.BytesIO(small), len(small))
    found = list(islice(reader, 50))
    assert 0 < sum(map(len, found)) <= len(small)


@given(st.lists(st.tuples(st.integers(0, 3 * 4096), st.integers(0, 255)), max_size=20), st.integers(0, 4 * 4096))
def test_any_damage_ends_in_values_or_in_its_own_error(changes, size):
    data = bytearray(make_berkeley([SHORT, b"m" * 5000]))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        found = blobs(bytes(data[:size]))
    except BadDatabase:
        return
    assert sum(map(len, found)) <= size
