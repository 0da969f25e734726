"""Groups put together from their physical volumes."""

import pytest
from tests.unit.disks.native.lvm_image import (
    EXTENT,
    ONE,
    TWO,
    group_text,
    physical_volume,
    segment_text,
    volume_text,
    written,
)
from tests.unit.disks.native.memory import Memory

from imgkit.disks.native.lvm_groups import Found, Lvm, assemble
from imgkit.model.role import DiskRole

LINEAR = volume_text("lin", segment_text(0, 2, ("pv0", 6)), segment_text(2, 1, ("pv1", 0)))


def put_together(*volumes: Memory) -> Lvm:
    roles = (DiskRole("xvdb"), DiskRole("xvdc"))
    return assemble(
        [Found(place=role.name, roles=(role,), volume=one) for role, one in zip(roles, volumes, strict=False)]
    )


def both(text: str) -> Lvm:
    return put_together(physical_volume(text), physical_volume(text, uuid=TWO))


def test_a_group_over_two_disks_is_one() -> None:
    lvm = both(group_text(LINEAR, members=(ONE, TWO)))
    (group,) = lvm.groups
    assert (group.name, group.size_bytes, group.free_bytes, group.missing_volumes) == (
        "vg",
        16 * EXTENT,
        13 * EXTENT,
        0,
    )
    assert [(one.place, one.uuid, one.group, one.free_bytes // EXTENT) for one in lvm.physical] == [
        ("xvdb", written(ONE), "vg", 6),
        ("xvdc", written(TWO), "vg", 7),
    ]
    (opened,) = lvm.opened
    assert (opened.place, opened.roles) == ("/dev/vg/lin", (DiskRole("xvdb"), DiskRole("xvdc")))
    assert opened.volume.size == 3 * EXTENT
    assert opened.volume.read(EXTENT - 1, EXTENT + 2) == b"\7" + b"\10" * EXTENT + b"\1"
    assert lvm.undetermined == []


def test_stripes_are_taken_in_turns() -> None:
    lvm = both(group_text(volume_text("str", segment_text(0, 4, ("pv0", 0), ("pv1", 4))), members=(ONE, TWO)))
    stripe = 4 * 512
    assert lvm.opened[0].volume.read(0, 4 * EXTENT) == b"".join(
        bytes((extent + 1,)) * stripe + bytes((extent + 5,)) * stripe for extent in (0, 0, 1, 1)
    )
    assert [one.free_bytes // EXTENT for one in lvm.physical] == [6, 6]


def test_the_newest_description_counts() -> None:
    old = group_text("", members=(ONE, TWO), sequence=2)
    new = group_text(LINEAR, members=(ONE, TWO), sequence=9)
    lvm = put_together(physical_volume(old), physical_volume(new, uuid=TWO))
    assert [one.name for one in lvm.logical] == ["lin"]


def test_what_lies_on_a_disk_that_is_not_here_says_so() -> None:
    lvm = put_together(physical_volume(group_text(LINEAR, members=(ONE, TWO))))
    assert lvm.groups[0].missing_volumes == 1
    assert lvm.opened == []
    (volume,) = lvm.logical
    assert "none of these disks" in volume.error
    assert not volume.active


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (segment_text(0, 1, ("pv0", 0), kind="thin"), "of type thin, which imgkit itself does not put together"),
        (segment_text(0, 1, ("pv0", 0), kind="raid1"), "raid1"),
        (segment_text(3, 1, ("pv0", 0)), "do not follow"),
        (segment_text(0, 90, ("pv0", 0)), "beyond the end"),
        (segment_text(0, 1, ("pv0", 1 << 60)), "beyond the end"),
        (segment_text(0, 2, ("pv0", 0), ("pv0", 1), size=0), "no stripes"),
        (segment_text(0, 1), "no stripes"),
        (segment_text(0, 1, ("lin", 0)), "lies on other volumes"),
    ],
)
def test_what_is_not_put_together_is_named_with_its_reason(segment: str, words: str) -> None:
    lvm = put_together(physical_volume(group_text(volume_text("lin", segment))))
    assert lvm.opened == []
    assert words in lvm.logical[0].error


def test_a_snapshots_changes_are_no_file_system_and_a_pool_is_its_volumes_matter() -> None:
    holder = volume_text("snapshot0", 'start_extent = 0\nextent_count = 1\ntype = "snapshot"\ncow_store = "snap"')
    changes = volume_text("snap", segment_text(0, 1, ("pv0", 0)), status='"READ"')
    pool = volume_text("pool", 'start_extent = 0\nextent_count = 1\ntype = "thin-pool"')
    hidden = volume_text("pool_tdata", segment_text(0, 1, ("pv0", 1)), status='"READ"')
    lvm = put_together(physical_volume(group_text(holder + changes + pool + hidden)))
    found = {one.name: one.error for one in lvm.logical}
    assert found["pool"] == ""
    assert "a snapshot" in found["snap"]
    assert set(found) == {"snap", "pool"}
    assert lvm.opened == []


def test_the_same_volume_twice_and_two_groups_of_one_name_are_told_apart() -> None:
    text = group_text("")
    lvm = put_together(physical_volume(text), physical_volume(text))
    assert lvm.undetermined[0].reason == "xvdb is the same physical volume, and was taken"
    other = group_text("", members=(TWO,)).replace(written("g" * 32), written("h" * 32))
    lvm = put_together(physical_volume(text), physical_volume(other, uuid=TWO))
    assert len(lvm.groups) == 1
    assert "another volume group vg" in lvm.undetermined[0].reason


def test_a_volume_without_a_group_is_there_and_free() -> None:
    lvm = put_together(physical_volume(""))
    (one,) = lvm.physical
    assert (one.group, one.uuid) == ("", written(ONE))


def test_what_makes_no_sense_is_said_and_the_rest_stays() -> None:
    lvm = put_together(physical_volume("vg {"), physical_volume(group_text("", members=(TWO,)), uuid=TWO))
    assert "sections do not fit" in lvm.undetermined[0].reason
    assert [one.name for one in lvm.groups] == ["vg"]
    lvm = put_together(physical_volume(group_text("").replace("pe_count", "x")))
    assert "pe_count" in lvm.undetermined[0].reason
    assert "no label" in put_together(Memory(bytes(9000))).undetermined[0].reason
