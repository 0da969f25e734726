"""Names that cannot stand in a path, and the content of holes."""

from imgkit.disks.native.reader import PART_BYTES, plain_name, reason_of, zeroes
from imgkit.errors import CannotLookInside


def test_no_name_becomes_a_path() -> None:
    assert plain_name(b"../etc\0x") == rb"..\x2fetc\x00x"
    assert plain_name(b"\xff\n") == b"\xff\n"


def test_a_hole_is_given_in_pieces() -> None:
    assert [len(part) for part in zeroes(PART_BYTES + 5)] == [PART_BYTES, 5]
    assert list(zeroes(-3)) == []


def test_whatever_broke_has_words() -> None:
    assert reason_of(CannotLookInside("it is torn")) == "it is torn"
    assert "memory" in reason_of(MemoryError())
    assert reason_of(KeyError("x")) == "its structure is damaged (KeyError: 'x')"
