import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.rpm_samples import make_header

from imgkit.facts.rpm_header import BadHeader, parse_header

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
