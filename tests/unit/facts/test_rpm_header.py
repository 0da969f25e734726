import contextlib
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.rpm_samples import make_header

from imgkit.facts.rpm_header import BadHeader, parse_files, parse_header

BASH = make_header(
    name="bash",
    version="4.4.20",
    release="4.1.al8",
    epoch=1,
    summary="The GNU Bourne Again shell",
    install_time=1700000000,
    vendor="Alibaba Cloud",
    arch="x86_64",
    source="bash-4.4.20-4.1.al8.src.rpm",
)


def test_a_package_is_read_with_every_field():
    package = parse_header(BASH)
    assert (package.name, package.version, package.release, package.epoch) == ("bash", "4.4.20", "4.1.al8", 1)
    assert (package.architecture, package.vendor) == ("x86_64", "Alibaba Cloud")
    assert package.source == "bash-4.4.20-4.1.al8.src.rpm"
    assert package.installed_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_a_value_of_the_wrong_type_is_none():
    header = bytearray(make_header(epoch=7, name="a"))
    header[8 + 4 : 8 + 8] = struct.pack(">I", 6)
    assert parse_header(bytes(header)).epoch is None


def test_no_epoch_is_not_epoch_0():
    assert parse_header(make_header(name="a", version="1")).epoch is None
    assert parse_header(make_header(name="a", epoch=0)).epoch == 0


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"1234567",
        make_header(version="1"),
        struct.pack(">II", 0xFFFFFFFF, 0),
        struct.pack(">II", 1, 0xFFFFFFF0) + bytes(100),
        struct.pack(">II", 1, 0) + struct.pack(">IIII", 1000, 6, 0xFFFFFFFF, 1),
    ],
)
def test_what_is_no_header_is_refused(blob):
    with pytest.raises(BadHeader):
        parse_header(blob)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_a_package_or_refused(blob):
    try:
        parse_header(blob)
    except BadHeader:
        return


@settings(deadline=None)
@given(st.integers(0, len(BASH) - 1), st.integers(0, 255))
def test_a_damaged_header_is_a_package_or_refused(at, value):
    try:
        parse_header(BASH[:at] + bytes([value]) + BASH[at + 1 :])
    except BadHeader:
        return


@pytest.mark.parametrize(
    ("packet", "key"),
    [
        (b"\x88\x10\x03\x05\0\0\0\0\0" + bytes(range(8)), "0001020304050607"),  # version 3
        (b"\x89\0\x13\x04\0\1\2\0\0\0\x0a\x09\x10" + bytes(range(8)), "0001020304050607"),  # issuer
        (b"\xc2\x20\x04\0\1\2\0\x17\x16\x21\4" + bytes(range(20)) + b"\0\0", "0c0d0e0f10111213"),  # fingerprint
        (b"", ""),
        (b"\x89\0\x13\x04\0\1\2\0", ""),
        (b"\xff" * 30, ""),
    ],
)
def test_the_key_that_signed_is_named(packet, key):
    assert parse_header(make_header(name="x", signature=packet)).signed_by == key


@given(st.binary(max_size=40))
def test_any_signature_is_borne(packet):
    parse_header(make_header(name="x", signature=packet))


def test_files_are_joined_from_folders_and_names():
    header = make_header(name="x", folder_indexes=[1, 0, 9], base_names=["a", "b", "c"], folder_names=["/", "/etc/"])
    assert parse_files(header) == ("x", [b"/etc/a", b"/b"])


@given(st.binary(max_size=60))
def test_files_of_any_bytes_are_a_list_or_no_header(data):
    with contextlib.suppress(BadHeader):
        parse_files(data)
