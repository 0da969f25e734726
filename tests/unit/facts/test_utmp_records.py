import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.utmp_samples import LONG, SHORT, USER, record

from imgkit.facts.utmp_records import LAYOUTS, Records, choose_layout, read_records


@pytest.mark.parametrize("form", [SHORT, LONG, SHORT.replace("<", ">"), LONG.replace("<", ">")])
@pytest.mark.parametrize("count", [1, 3, 25])
def test_every_layout_is_told_by_what_makes_sense(form, count):
    data = b"".join(record(USER, "root", f"pts/{at}", "192.0.2.7", micros=5, form=form) for at in range(count))
    found = list(read_records(data))
    assert len(found) == count
    one = found[0]
    assert (one.user, one.terminal, one.host, one.pid) == ("root", "pts/0", "192.0.2.7", 100)
    assert one.at == datetime(2023, 11, 14, 22, 13, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1"])
def test_addresses_of_both_kinds_are_read(address):
    assert next(read_records(record(USER, "a", "b", address=address))).address == address


def test_an_old_address_in_a_new_one_is_shown_as_the_old():
    assert next(read_records(record(USER, "a", "b", address="::ffff:192.0.2.7"))).address == "192.0.2.7"


def test_a_time_after_2038_is_read_without_a_sign():
    data = bytearray(record(USER, "a", "b"))
    struct.pack_into("<I", data, 340, 2**31 + 5)
    assert next(read_records(bytes(data))).at == datetime(2038, 1, 19, 3, 14, 13, tzinfo=UTC)


def test_wiped_records_and_a_torn_end_are_counted():
    data = record(USER, "a", "b") + bytes(384) + record(USER, "c", "d") + b"torn"
    records = Records([data])
    assert (len(list(records)), records.wiped, records.left) == (2, 1, 4)


def test_an_empty_file_has_no_records():
    assert (list(read_records(b"")), choose_layout(b"")) == ([], LAYOUTS[0])


@given(st.binary(max_size=3000))
def test_any_bytes_are_borne(data):
    assert len(list(read_records(data))) <= len(data) // 384
