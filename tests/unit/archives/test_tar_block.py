"""Header blocks: what they say, and when they are no header."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.archives.tar_samples import OLD_GNU, STAR_TAIL, USTAR, V7, base_256, header, negative

from imgkit.archives.tar_block import Dialect, checksum_fits, parse_header, read_number, resembles_header
from imgkit.errors import ArchiveDamaged, ArchiveError, ArchiveUnsafe


@pytest.mark.parametrize(
    ("magic", "dialect"),
    [(USTAR, Dialect.USTAR), (OLD_GNU, Dialect.OLD_GNU), (V7, Dialect.V7), (b"ustar000", Dialect.V7)],
)
def test_the_magic_tells_the_dialect(magic: bytes, dialect: Dialect) -> None:
    found = parse_header(header(b"disk", 7, magic=magic))
    assert (found.name, found.size, found.type, found.dialect) == (b"disk", 7, b"0", dialect)


def test_stars_dialect_is_known_by_its_times() -> None:
    assert parse_header(header(b"disk", tail=b"a/b".ljust(131, b"\0") + STAR_TAIL[131:])).dialect is Dialect.STAR
    assert parse_header(header(b"disk", tail=b"x" * 131 + STAR_TAIL[131:])).dialect is Dialect.USTAR
    assert parse_header(header(b"disk", tail=STAR_TAIL[:-1] + b"0")).dialect is Dialect.USTAR


def test_only_ustar_and_star_have_a_prefix() -> None:
    assert parse_header(header(b"disk", tail=b"a/b".ljust(131, b"\0") + STAR_TAIL[131:])).name == b"a/b/disk"
    assert parse_header(header(b"disk", prefix=b"a/b", magic=b"ustar000")).name == b"disk"
    assert parse_header(header(b"disk", prefix=b"a/b")).name == b"a/b/disk"
    assert parse_header(header(b"disk", prefix=b"a/b", magic=OLD_GNU)).name == b"disk"


def test_a_name_may_fill_its_field() -> None:
    assert parse_header(header(b"n" * 100)).name == b"n" * 100


def test_a_checksum_over_signed_bytes_counts_too() -> None:
    block = header(b"\xff\xff")
    total = sum(byte - 256 * (byte > 127) for byte in block[:148] + b" " * 8 + block[156:])
    assert checksum_fits(header(b"\xff\xff", checksum=b"%06o\0 " % total))


@pytest.mark.parametrize("place", [0, 99, 124, 148, 156, 257, 345, 511])
def test_any_change_is_seen_by_the_checksum(place: int) -> None:
    block = bytearray(header(b"n" * 100))
    block[place] ^= 1
    assert not checksum_fits(bytes(block))
    with pytest.raises(ArchiveDamaged, match="checksum"):
        parse_header(bytes(block))


def test_zeroes_and_less_than_a_block_are_no_header() -> None:
    assert not checksum_fits(bytes(512))
    assert not checksum_fits(header()[:511])
    assert not resembles_header(bytes(512))
    assert not resembles_header(header()[:511])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"00000001750\0", 1000),
        (b"       1750 ", 1000),
        (b"      1750\0 ", 1000),
        (b"777777777777", 8**12 - 1),
        (bytes(12), 0),
        (b" " * 12, 0),
        (base_256(9 << 30), 9 << 30),
        (base_256((1 << 63) - 1), (1 << 63) - 1),
    ],
)
def test_numbers_in_all_their_spellings(field: bytes, value: int) -> None:
    assert read_number(field, what="it") == value


@pytest.mark.parametrize(
    "field", [b"0000000008\0\0", b"-0000000001\0", b"12\0 34\0     ", b"1 2         ", b"0x10\0       "]
)
def test_what_is_no_octal_number_is_damage(field: bytes) -> None:
    with pytest.raises(ArchiveDamaged, match="it is no number"):
        read_number(field, what="it")


@pytest.mark.parametrize("field", [negative(-1), negative(-(1 << 40)), base_256(1 << 63), b"\x81" + bytes(11)])
def test_absurd_numbers_are_unsafe(field: bytes) -> None:
    with pytest.raises(ArchiveUnsafe):
        read_number(field, what="it")


@given(st.binary(min_size=12, max_size=12))
def test_every_field_is_a_number_or_refused(field: bytes) -> None:
    with contextlib.suppress(ArchiveError):
        assert 0 <= read_number(field, what="it") < 1 << 63
