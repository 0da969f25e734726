"""Names that do not change with the engine."""

import pytest

from imgkit.disks.guestfs_places import Places
from imgkit.model.role import DiskRole
from imgkit.model.storage import RaidArray

SYSTEM, DATA = DiskRole(), DiskRole("xvdb")
ARRAY = RaidArray(place="/dev/md/ab:cd", uuid="ab:cd", level="raid1", devices=2, members=("system:3", "xvdb"))


@pytest.fixture
def places() -> Places:
    return Places(
        devices={"/dev/sda": SYSTEM, "/dev/sdaa": DATA},
        decrypted={"/dev/mapper/imgkit-0": "system:2"},
        arrays={"/dev/md127": ARRAY},
        lies_on={"/dev/vg/lv": ("system:2", "xvdb:1")},
    )


@pytest.mark.parametrize(
    ("mountable", "place"),
    [
        ("/dev/sda", "system"),
        ("/dev/sdaa12", "xvdb:12"),
        ("/dev/mapper/imgkit-0", "system:2"),
        ("/dev/md127", "/dev/md/ab:cd"),
        ("btrfsvol:/dev/sda1/@home/x", "system:1[@home/x]"),
        ("btrfsvol:/dev/mapper/imgkit-0/@", "system:2[@]"),
        ("btrfsvol:/dev/vg/lv/@", "/dev/vg/lv[@]"),
        ("/dev/vg/lv", "/dev/vg/lv"),
    ],
)
def test_a_mountable_has_its_place(places, mountable, place):
    assert places.place(mountable) == place


@pytest.mark.parametrize(
    ("place", "roles"),
    [
        ("system:2", (SYSTEM,)),
        ("/dev/vg/lv", (SYSTEM, DATA)),
        ("/dev/vg/lv[@]", (SYSTEM, DATA)),
        ("/dev/md/ab:cd", (SYSTEM, DATA)),
        ("/dev/unknown/lv", ()),
    ],
)
def test_a_place_lies_on_its_disks(places, place, roles):
    assert places.roles(place) == roles


def test_the_order_is_that_of_disks_and_partitions(places):
    devices = ["/dev/vg/lv", "/dev/sdaa1", "/dev/sda10", "/dev/sda2"]
    assert sorted(devices, key=places.order) == ["/dev/sda2", "/dev/sda10", "/dev/sdaa1", "/dev/vg/lv"]
