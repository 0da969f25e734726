from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, LogicalVolume, Partition, TableKind, partition_place


def test_places_are_named_by_role_number_and_volume():
    role = DiskRole("xvdb")
    assert Disk(role=DiskRole(), device="system", size_bytes=1, table=TableKind.GPT).place == "system"
    assert Partition(role=role, number=2, start_bytes=0, size_bytes=1).place == "xvdb:2"
    assert LogicalVolume(name="www", group="vg-a", uuid="", size_bytes=1).place == "/dev/vg-a/www"
    assert partition_place(DiskRole(), 1) == "system:1"
