"""Layers found one after the other; the rest of it is in test_storage_guestfs.py."""

from typing import Any, cast

from tests.unit.disks.guestfs_fake import FakeWorker
from tests.unit.disks.test_storage_guestfs import answers

from imgkit.disks.storage_guestfs import survey_storage
from imgkit.model.role import DiskRole
from imgkit.model.storage import EncryptedState, Storage
from imgkit.model.volume_key import VolumeKey
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.units import KiB

SYSTEM, DATA = DiskRole(), DiskRole("xvdb")
KEY = VolumeKey(label="key", secrets=(b"right",))


class Layered(FakeWorker):
    """Opens what it is asked to open, unless the key is wrong."""

    def open_encrypted(self, device: str, key: bytes, name: str) -> None:
        if key != b"right":
            raise GuestfsRefused("cryptsetup exited with status 2")


def survey(known: dict[Any, Any], *keys: VolumeKey) -> Storage:
    worker = cast("GuestfsWorker", Layered(answers=answers() | known))
    return survey_storage(worker, [SYSTEM, DATA], keys).storage


def test_what_an_encrypted_disk_holds_has_its_place():
    storage = survey({("vfs_type", "/dev/sdb"): b"crypto_LUKS", ("vfs_type", "/dev/mapper/imgkit-0"): b"ext4"}, KEY)
    assert [(one.place, one.state) for one in storage.encrypted] == [("xvdb", EncryptedState.OPENED)]
    assert [(one.place, one.type, one.error) for one in storage.file_systems][1] == ("xvdb", "ext4", "")


def test_encryption_inside_encryption_is_opened_too():
    known = {
        ("vfs_type", "/dev/sdb"): b"crypto_LUKS",
        ("vfs_type", "/dev/mapper/imgkit-0"): b"crypto_LUKS",
        ("vfs_type", "/dev/mapper/imgkit-1"): b"xfs",
    }
    assert [one.type for one in survey(known, KEY).file_systems] == ["vfat", "xfs"]


def test_the_disks_of_an_array_are_members_and_the_array_has_the_files():
    known = {
        "list_md_devices": ["/dev/md127"],
        "md_detail": {"uuid": "ab:cd", "level": "raid1", "devices": "2"},
        "md_stat": [{"mdstat_device": "/dev/sdb", "mdstat_index": "0"}],
        ("vfs_type", "/dev/sdb"): b"linux_raid_member",
        ("vfs_type", "/dev/md127"): b"ext4",
    }
    storage = survey(known)
    assert [(one.place, one.members, one.devices) for one in storage.arrays] == [("/dev/md/ab:cd", ("xvdb",), 2)]
    assert [(one.place, one.error) for one in storage.members] == [("xvdb", "")]
    assert [(one.place, one.roles) for one in storage.file_systems][-1] == ("/dev/md/ab:cd", (DATA,))


def test_the_disks_of_an_array_are_known_by_their_headers_and_not_by_the_names_that_the_kernel_gave_them():
    header = bytearray(68 * KiB)
    header[4096:4104] = b"\xfc\x4e\x2b\xa9\1\0\0\0"
    header[4096 + 16 : 4096 + 32] = bytes(range(16))
    header[4096 + 160] = 7
    known = {
        "list_md_devices": ["/dev/md127"],
        "md_detail": {"uuid": "00010203:04050607:08090a0b:0c0d0e0f", "level": "raid5", "devices": "1"},
        "md_stat": [{"mdstat_device": "sda", "mdstat_index": "7"}],
        ("vfs_type", "/dev/sdb"): b"linux_raid_member",
        ("vfs_type", "/dev/md127"): b"ext4",
        ("pread_device", "/dev/sdb", 68 * KiB, 0): bytes(header),
    }
    assert [one.members for one in survey(known).arrays] == [("xvdb",)]
    known["md_stat"] = [{"mdstat_device": "sdb", "mdstat_index": "8"}]
    left_out = survey(known)
    assert [one.members for one in left_out.arrays] == [()]
    assert "could not be started" in left_out.members[0].error


def test_a_member_whose_array_did_not_start_has_its_reason():
    (member,) = survey({("vfs_type", "/dev/sdb"): b"linux_raid_member"}).members
    assert "could not be started" in member.error


def test_without_zfs_in_the_appliance_a_pool_is_named_and_said_to_be_unread():
    (member,) = survey({("vfs_type", "/dev/sdb"): b"zfs_member"}).members
    assert (member.type, "libguestfs-zfs" in member.error) == ("zfs_member", True)
