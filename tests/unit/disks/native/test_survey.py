"""All storage of a machine, from disks built byte by byte."""

from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.lvm_image import TWO, group_text, physical_volume, segment_text, volume_text
from tests.unit.disks.native.memory import Memory
from tests.unit.disks.native.xfs_image import XfsImage
from tests.unit.disks.test_partition_table import mbr

from imgkit.disks.native.survey import Survey
from imgkit.errors import NotAccessible
from imgkit.model.role import DiskRole
from imgkit.model.storage import Storage, TableKind

MiB = 1 << 20


def looked(skip: dict[str, str] | None = None, **disks: Memory) -> tuple[Storage, Survey, list[str]]:
    survey = Survey(disks={DiskRole("" if name == "system" else name): disk for name, disk in disks.items()})
    steps = list(survey.steps(skip or {}))
    return survey.storage(), survey, steps


def root() -> ExtImage:
    image = ExtImage()
    image.file(12, b"ID=debian\n")
    image.folder(13, {b"os-release": 12})
    image.folder(2, {b"etc": 13})
    return image


def partitioned(*contents: bytes | bytearray) -> Memory:
    disk = bytearray((2 + len(contents)) * MiB)
    disk[:512] = mbr(*((0, 0x83, (1 + at) * 2048, 2048) for at in range(len(contents))), disk_id=5)
    for at, content in enumerate(contents):
        disk[(1 + at) * MiB : (1 + at) * MiB + len(content)] = content
    return Memory(disk)


def test_partitions_file_systems_and_systems_are_found() -> None:
    storage, survey, steps = looked(system=partitioned(root().content, XfsImage().content), xvdb=XfsImage().memory)
    assert steps == ["system:1", "system:2", "xvdb"]
    assert [(one.place, one.type, one.error) for one in storage.file_systems] == [
        ("system:1", "ext4", ""),
        ("system:2", "xfs", ""),
        ("xvdb", "xfs", ""),
    ]
    assert survey.os_places == ["system:1"]
    assert [(disk.place, disk.table) for disk in storage.disks] == [("system", TableKind.MBR), ("xvdb", TableKind.NONE)]
    assert storage.partitions[0].uuid == "00000005-01"


def test_logical_volumes_are_looked_into() -> None:
    text = group_text(
        volume_text("lv", segment_text(0, 8, ("pv0", 0)), segment_text(8, 8, ("pv1", 0))), members=("a" * 32, TWO)
    )
    volumes = [physical_volume(text), physical_volume(text, uuid=TWO)]
    content = ExtImage(blocks=64).content
    for volume, start in zip(volumes, (0, 32768), strict=True):
        assert isinstance(volume.content, bytearray)
        volume.content[65536:98304] = content[start : start + 32768]
    storage, survey, _ = looked(xvdb=volumes[0], xvdc=volumes[1])
    (found,) = storage.file_systems
    assert (found.place, found.type, found.error) == ("/dev/vg/lv", "ext4", "")
    assert found.roles == (DiskRole("xvdb"), DiskRole("xvdc"))
    assert set(survey.readers) == {"/dev/vg/lv"}


def test_encrypted_members_and_unknown_things_are_named() -> None:
    luks = b"LUKS\xba\xbe\0\1aes".ljust(40, b"\0") + b"xts-plain64"
    raid = b"\xfc\x4e\x2b\xa9\1\0\0\0".ljust(256, b"\0")
    disk = partitioned(luks, raid, b"what is this", b"")
    storage, _, _ = looked(system=disk)
    (encrypted,) = storage.encrypted
    assert (encrypted.place, encrypted.type, encrypted.cipher) == ("system:1", "luks1", "aes-xts-plain64")
    (member,) = storage.members
    assert (member.place, member.type) == ("system:2", "linux_raid_member")
    assert "guestfs" in member.error
    assert [one.what for one in storage.undetermined] == ["system:3"]
    assert storage.blank == ("system:4",)


def test_a_file_system_that_is_not_read_or_was_too_much_has_its_reason() -> None:
    btrfs = bytearray(70_000)
    btrfs[65536 + 0x40 : 65536 + 0x48] = b"_BHRfS_M"
    storage, survey, _ = looked({"system:2": "it crashed"}, system=partitioned(btrfs, root().content))
    assert "btrfs is not read by imgkit itself" in storage.file_systems[0].error
    assert storage.file_systems[1].error == "it crashed"
    assert survey.readers == {}


def test_swap_is_no_place_for_files() -> None:
    swap = bytearray(8192)
    swap[4086:4096], swap[1028:1032] = b"SWAPSPACE2", b"\1\0\0\0"
    storage, survey, _ = looked(system=partitioned(swap))
    assert (storage.file_systems[0].type, storage.file_systems[0].size_bytes) == ("swap", 8192)
    assert survey.readers == {}


def test_a_partition_beyond_the_disk_is_said_and_not_looked_into() -> None:
    disk = bytearray(2 * MiB)
    disk[:512] = mbr((0, 0x83, 2048, 1 << 20), (0, 0x83, 1 << 30, 5))
    storage, _, steps = looked(system=Memory(disk))
    assert all(one.error for one in storage.partitions)
    assert steps == ["system:1"]


def test_a_disk_that_cannot_be_read_in_places_leaves_the_others() -> None:
    class Bad(Memory):
        def read(self, offset: int, length: int) -> bytes:
            if offset >= MiB:
                raise NotAccessible("Input/output error")
            return super().read(offset, length)

    storage, _, _ = looked(system=Bad(partitioned(root().content).content), xvdb=XfsImage().memory)
    assert "Input/output error" in storage.undetermined[0].reason
    assert storage.file_systems[0].place == "xvdb"
