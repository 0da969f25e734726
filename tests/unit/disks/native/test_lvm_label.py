"""The label of a physical volume, and the description in its area."""

import pytest
from tests.unit.disks.native.lvm_image import AREA, ONE, SECTOR, physical_volume
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.lvm_label import read_label
from imgkit.errors import CannotLookInside

TEXT = "vg { " + "# padding\n" * 30 + "}"


def test_the_description_is_read_also_where_it_goes_on_at_the_start() -> None:
    for wrapped in (False, True):
        label = read_label(physical_volume(TEXT, wrapped=wrapped))
        assert (label.uuid, label.device_bytes, label.text, label.error) == (ONE, 8192 * SECTOR, TEXT, "")


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [(600, b"X", "checksum"), (4, b"X", "damaged"), (48, b"\xff" * 8, "claims"), (40, b"\x10\0", "claims")],
)
def test_a_damaged_description_is_not_believed(offset: int, value: bytes, words: str) -> None:
    volume = physical_volume(TEXT)
    assert isinstance(volume.content, bytearray)
    volume.content[AREA + offset : AREA + offset + len(value)] = value
    label = read_label(volume)
    assert label.text == ""
    assert words in label.error


def test_a_volume_of_no_group_has_no_description() -> None:
    volume = physical_volume(TEXT)
    assert isinstance(volume.content, bytearray)
    volume.content[AREA + 40 : AREA + 56] = bytes(16)
    label = read_label(volume)
    assert (label.text, label.error) == ("", "")


def test_no_label_is_said() -> None:
    with pytest.raises(CannotLookInside, match="no label"):
        read_label(Memory(bytes(4096)))
