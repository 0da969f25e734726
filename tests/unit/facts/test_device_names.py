from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.facts.device_names import DeviceNames
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    Disk,
    EncryptedVolume,
    FileSystem,
    LogicalVolume,
    Partition,
    Pool,
    Storage,
    TableKind,
    VolumeGroup,
)

SYSTEM, XVDB, XVDC, XVDD = DiskRole(), DiskRole("xvdb"), DiskRole("xvdc"), DiskRole("xvdd")


def disk(role: DiskRole) -> Disk:
    return Disk(role=role, device=role.name, size_bytes=1, table=TableKind.GPT)


def partition(role: DiskRole, number: int, *, uuid: str = "", name: str = "") -> Partition:
    return Partition(role=role, number=number, start_bytes=0, size_bytes=1, uuid=uuid, name=name)


def file_system(place: str, role: DiskRole, *, uuid: str = "", label: str = "") -> FileSystem:
    return FileSystem(place=place, roles=(role,), type="ext4", uuid=uuid, label=label)


STORAGE = Storage(
    disks=(disk(SYSTEM), disk(XVDB), disk(XVDC)),
    partitions=(partition(SYSTEM, 1, uuid="AA-1", name="root"), partition(XVDB, 1, uuid="BB-1"), partition(XVDB, 2)),
    volume_groups=(VolumeGroup(name="vg-a", uuid="", size_bytes=1, free_bytes=0),),
    logical_volumes=(LogicalVolume(name="lv-1", group="vg-a", uuid="", size_bytes=1),),
    file_systems=(
        file_system("system:1", SYSTEM, uuid="11aa", label="root"),
        file_system("xvdb:1", XVDB, uuid="22bb", label="data"),
        file_system("xvdb:2", XVDB, label="data"),
        file_system("xvdc", XVDC, uuid="33cc"),
        file_system("/dev/vg-a/lv-1", XVDC, uuid="44dd"),
        file_system("zfs:tank/home", XVDC),
    ),
    pools=(Pool(place="zfs:tank", name="tank", uuid="7", state="ONLINE", members=("xvdc",)),),
    encrypted=(EncryptedVolume(place="xvdb:3", roles=(XVDB,), type="luks2", uuid="55ee"),),
)
WHOLE = DeviceNames(storage=STORAGE)
LACKING = DeviceNames(storage=STORAGE, missing=(XVDD,))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/dev/vda1", "system:1"),
        ("/dev/vdb1", "xvdb:1"),
        ("/dev/xvdb2", "xvdb:2"),
        ("/dev/sdb1", "xvdb:1"),
        ("/dev/nvme0n1p1", "system:1"),
        ("/dev/nvme1n1p1", "xvdb:1"),
        ("/dev/vdc", "xvdc"),
        ("/dev/vg-a/lv-1", "/dev/vg-a/lv-1"),
        ("/dev/mapper/vg--a-lv--1", "/dev/vg-a/lv-1"),
    ],
)
def test_a_path_below_dev_finds_its_place(path, place):
    assert WHOLE.by_device(path).place == place


def test_a_set_that_calls_its_disks_vdb_is_understood_too():
    role = DiskRole("vdb")
    names = DeviceNames(storage=Storage(disks=(disk(role),), partitions=(partition(role, 1),)))
    assert names.by_device("/dev/xvdb1").place == "vdb:1"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/vdb9", "disk xvdb has no partition 9"),
        ("/dev/vda", "disk system holds no file system outside its partitions"),
        ("/dev/vg-a/other", "the volume group vg-a has no such volume"),
        ("/dev/vg-b/lv", "no disk of this set has the volume group vg-b"),
        ("/dev/mapper/vg--b-lv", "no disk of this set has the volume group vg-b"),
        ("/dev/md0", "no disk of this set answers to /dev/md0"),
        ("/dev/sr0", "a drive for removable media, which no image holds"),
        ("/dev/disk/by-id/virtio-x", "this link is made from the hardware, which no image holds"),
    ],
)
def test_a_path_that_leads_nowhere_says_why(path, reason):
    found = WHOLE.by_device(path)
    assert (found.place, found.reason, found.missing_role) == ("", reason, None)


@pytest.mark.parametrize("path", ["/dev/vdd1", "/dev/xvdd", "/dev/nvme3n1p1"])
def test_a_disk_that_is_not_in_the_set_is_named(path):
    found = LACKING.by_device(path)
    assert (found.place, found.reason, found.missing_role) == ("", "disk xvdd is not in this set", XVDD)


def test_what_may_be_on_the_missing_disk_says_so():
    found = LACKING.by_uuid("9999")
    assert found.missing_role == XVDD
    assert found.reason.endswith("it may be on disk xvdd, not in this set")


def test_with_two_missing_disks_neither_is_blamed():
    found = DeviceNames(storage=STORAGE, missing=(XVDD, DiskRole("xvde"))).by_label("gone")
    assert (found.missing_role, found.place) == (None, "")
    assert "disk xvdd or disk xvde" in found.reason


def test_uuids_are_compared_without_case():
    assert WHOLE.by_uuid("22BB").place == "xvdb:1"
    assert WHOLE.by_uuid("55ee").place == "xvdb:3"
    assert WHOLE.by_partition_uuid("aa-1").place == "system:1"
    assert WHOLE.by_partition_label("root").place == "system:1"


def test_an_empty_uuid_is_nobodys():
    assert WHOLE.by_uuid("").place == ""
    assert WHOLE.by_partition_uuid("").place == ""


def test_a_label_of_two_is_not_guessed():
    found = WHOLE.by_label("data")
    assert (found.place, found.reason) == ("", "several have the label data: xvdb:1, xvdb:2")
    assert WHOLE.by_label("root").place == "system:1"


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"/dev/(vd|nvme|mapper/)[a-z0-9-]*", fullmatch=True)))
def test_any_path_is_borne(path):
    LACKING.by_device(path)


def test_a_data_set_is_found_by_its_name():
    assert WHOLE.by_dataset("tank/home").place == "zfs:tank/home"
    assert "tank/other" in WHOLE.by_dataset("tank/other").reason
    assert "home" in WHOLE.by_dataset("home").reason


def test_of_two_pools_of_one_name_a_system_means_its_own():
    pools = tuple(
        Pool(place=place, name="rpool", uuid="", state="", members=()) for place in ("zfs:rpool", "zfs:rpool-7")
    )
    found = tuple(file_system(f"{one.place}{below}", XVDB) for one in pools for below in ("", "/srv", "/root"))
    names = DeviceNames(storage=Storage(pools=pools, file_systems=found))
    assert replace(names, root="zfs:rpool-7/root").by_dataset("rpool/srv").place == "zfs:rpool-7/srv"
    assert replace(names, root="zfs:rpool/root").by_dataset("rpool/srv").place == "zfs:rpool/srv"
    assert replace(names, root="zfs:rpool-7").by_dataset("rpool").place == "zfs:rpool-7"
    assert "several have the data set rpool/srv" in replace(names, root="system:1").by_dataset("rpool/srv").reason
