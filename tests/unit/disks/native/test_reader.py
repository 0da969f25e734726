"""Names that cannot stand in a path, and the content of holes."""

from imgkit.disks.native.reader import PART_BYTES, plain_name, zeroes


def test_no_name_becomes_a_path() -> None:
    assert plain_name(b"../etc\0x") == rb"..\x2fetc\x00x"
    assert plain_name(b"\xff\n") == b"\xff\n"


def test_a_hole_is_given_in_pieces() -> None:
    assert [len(part) for part in zeroes(PART_BYTES + 5)] == [PART_BYTES, 5]
    assert list(zeroes(-3)) == []
