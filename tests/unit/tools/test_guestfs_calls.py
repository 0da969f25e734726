"""The structures of libguestfs' C calls: their size is what its header says."""

import ctypes

from imgkit.tools.guestfs_calls import (
    ANSWERED_FIELDS,
    STATNS_FIELDS,
    CryptsetupOptions,
    Refused,
    StatNs,
    Xattr,
    parted,
)


def test_a_statns_has_22_numbers_of_64_bits():
    assert ctypes.sizeof(StatNs) == 22 * 8
    assert set(ANSWERED_FIELDS) <= set(STATNS_FIELDS)


def test_an_attribute_has_its_length_between_its_name_and_its_value():
    assert Xattr.name.offset < Xattr.length.offset < Xattr.value.offset


def test_the_options_of_cryptsetup_begin_with_the_mask():
    assert CryptsetupOptions.bitmask.offset == 0
    assert CryptsetupOptions(bitmask=0).readonly == 0


def test_a_refusal_keeps_the_appliances_number():
    assert Refused("not here", 2).number == 2


def test_the_attributes_of_many_are_parted_and_none_is_told_from_nobody_knows():
    pairs = [(b"", b"2"), (b"user.a", b"1"), (b"user.b", b""), (b"", b"0"), (b"", b""), (b"", b"1"), (b"user.c", b"\0")]
    assert parted(pairs) == [[(b"user.a", b"1"), (b"user.b", b"")], [], None, [(b"user.c", b"\0")]]
    assert parted([]) == []
