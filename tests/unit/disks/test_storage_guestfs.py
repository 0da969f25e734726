from typing import Any, cast

from tests.unit.disks.guestfs_fake import FakeWorker
from tests.unit.disks.native.test_ntfs_log import CLUSTER, LOG, RECORD, TABLE
from tests.unit.disks.native.test_ntfs_log import page as restart_page
from tests.unit.disks.native.test_ntfs_log import volume as ntfs_volume

from imgkit.disks.storage_guestfs import Survey, mount_options, survey_storage
from imgkit.model.role import DiskRole
from imgkit.model.storage import Journal, TableKind
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker

MBR = bytes(446) + bytes.fromhex("80000000830000000800000010000000") + bytes(48) + b"\x55\xaa"
USAGE = {"frsize": 10, "blocks": 100, "bfree": 40, "files": 7, "ffree": 3}
SYSTEM, DATA = DiskRole(), DiskRole("xvdb")


def answers(**changes: Any) -> dict[Any, Any]:
    known: dict[Any, Any] = {
        "list_devices": ["/dev/sda", "/dev/sdb"],
        "list_partitions": ["/dev/sda1"],
        "blockdev_getsize64": 1_000_000,
        ("pread_device", "/dev/sda", 512, 0): MBR,
        ("pread_device", "/dev/sdb", 512, 0): bytes(512),
        "pvs_full": [],
        "list_md_devices": [],
        ("vfs_type", "/dev/sda1"): b"vfat",
        ("vfs_type", "/dev/sdb"): b"xfs",
        "vfs_label": b"caf\xe9",
        "vfs_uuid": b"1234",
        "statvfs": USAGE,
        "dmesg": "",
    }
    return known | changes


def survey(known: dict[Any, Any], **fake: Any) -> tuple[Survey, FakeWorker]:
    worker = FakeWorker(answers=known, **fake)
    return survey_storage(cast("GuestfsWorker", worker), [SYSTEM, DATA]), worker


def test_places_are_named_by_role_and_not_by_the_order_of_devices():
    found, _ = survey(answers())
    assert [disk.table for disk in found.storage.disks] == [TableKind.MBR, TableKind.NONE]
    assert [part.place for part in found.storage.partitions] == ["system:1"]
    assert [(one.place, one.type, one.roles) for one in found.storage.file_systems] == [
        ("system:1", "vfat", (SYSTEM,)),
        ("xvdb", "xfs", (DATA,)),
    ]
    assert found.mountables == {"system:1": "/dev/sda1", "xvdb": "/dev/sdb"}


def test_usage_is_in_bytes_and_a_label_of_other_bytes_is_escaped():
    found, _ = survey(answers())
    one = found.storage.file_systems[0]
    assert (one.size_bytes, one.used_bytes, one.free_bytes) == (1000, 600, 400)
    assert (one.inodes, one.inodes_free) == (None, None)  # the driver of FAT makes them up
    other = found.storage.file_systems[1]
    assert (other.inodes, other.inodes_free) == (7, 3)
    assert one.label == "caf\\xe9"


def test_a_file_system_that_cannot_be_mounted_has_its_reason_and_the_partitions_size():
    found, _ = survey(answers(), unmountable=frozenset({"/dev/sda1"}))
    broken, whole = found.storage.file_systems
    assert broken.error == "could not be mounted: mount_options: /dev/sda1: wrong fs type"
    assert (broken.size_bytes, broken.used_bytes) == (0x10 * 512, None)
    assert (whole.error, whole.used_bytes) == ("", 600)


def test_one_question_without_an_answer_leaves_the_others():
    found, _ = survey(answers(pvs_full=GuestfsRefused("pvs: device is full of holes")))
    assert len(found.storage.file_systems) == 2
    (unknown,) = found.storage.undetermined
    assert (unknown.what, unknown.reason) == ("LVM physical volumes", "pvs: device is full of holes")


def test_a_partition_that_no_kernel_accepts_is_said():
    found, _ = survey(answers(list_partitions=[]))
    assert "does not accept" in found.storage.partitions[0].error


def test_a_device_that_holds_nothing_known_is_undetermined_and_no_file_system():
    ends = {("pread_device", "/dev/sdb", 1_000_000, 0): b"\1" * 1_000_000, "pread_device": b""}
    found, _ = survey(answers() | {("vfs_type", "/dev/sdb"): b""} | ends)
    assert [one.place for one in found.storage.file_systems] == ["system:1"]
    assert [one.what for one in found.storage.undetermined] == ["xvdb"]


def test_a_disk_that_was_never_used_is_blank_and_not_undetermined():
    ends = {("pread_device", "/dev/sdb", 1_000_000, 0): bytes(1_000_000)}
    found, _ = survey(answers() | {("vfs_type", "/dev/sdb"): b""} | ends)
    assert found.storage.blank == ("xvdb",)
    assert found.storage.undetermined == ()


def test_luks_on_a_whole_disk_is_encrypted_and_never_mounted():
    known = answers() | {
        ("vfs_type", "/dev/sdb"): b"crypto_LUKS",
        ("pread_device", "/dev/sdb", 8, 0): b"LUKS\xba\xbe\x00\x02",
    }
    found, worker = survey(known)
    assert [(one.place, one.type) for one in found.storage.encrypted] == [("xvdb", "luks2")]
    assert not [asked for asked in worker.asked if asked[:2] == ("mount", "/dev/sdb")]


def test_swap_is_not_mounted():
    found, worker = survey(answers() | {("vfs_type", "/dev/sdb"): b"swap"})
    assert (found.storage.file_systems[1].size_bytes, found.storage.file_systems[1].error) == (1_000_000, "")
    assert not [asked for asked in worker.asked if asked[:2] == ("mount", "/dev/sdb")]


def test_the_subvolumes_of_btrfs_have_places_of_their_own():
    known = answers(btrfs_subvolume_list=[{"btrfssubvolume_path": "@home/x"}])
    found, _ = survey(known | {("vfs_type", "/dev/sda1"): b"btrfs"})
    assert [one.place for one in found.storage.file_systems] == ["system:1", "system:1[@home/x]", "xvdb"]
    assert found.storage.file_systems[1].roles == (SYSTEM,)


def test_an_operating_system_is_known_by_its_files():
    files = {"/dev/sdb": {b"/etc/fstab": b"", b"/etc/passwd": b""}, "/dev/sda1": {b"/etc/fstab": b""}}
    found, _ = survey(answers(), files=files)
    assert found.os_places == ("xvdb",)


def test_a_pending_journal_of_ext_is_replayed_by_mounting_and_pending_where_that_fails():
    superblock = bytearray(1024)
    superblock[0x38:0x3A] = b"\x53\xef"
    superblock[0x5C], superblock[0x60] = 4, 4
    known = answers() | {
        ("vfs_type", "/dev/sda1"): b"ext4",
        ("pread_device", "/dev/sda1", 1024, 1024): bytes(superblock),
    }
    assert survey(known)[0].storage.file_systems[0].journal is Journal.REPLAYED
    failed, _ = survey(known, unmountable=frozenset({"/dev/sda1"}))
    assert failed.storage.file_systems[0].journal is Journal.PENDING


def test_a_log_of_ntfs_that_was_not_closed_stays_pending_after_mounting():
    disk = ntfs_volume(runs=b"\x11\x08\x0c\x00", pages=restart_page(5, 0xFFFF, 0) + restart_page(6, 0, 0))
    read = ((512, 0), (RECORD, TABLE * CLUSTER + 2 * RECORD), (8192, LOG * CLUSTER))
    known = {("pread_device", "/dev/sda1", size, at): bytes(disk[at : at + size]) for size, at in read}
    found, worker = survey(answers() | {("vfs_type", "/dev/sda1"): b"ntfs"} | known)
    one = found.storage.file_systems[0]
    assert (one.journal, one.error, one.inodes) == (Journal.PENDING, "", None)
    assert [asked[1] for asked in worker.asked if asked[0] == "mount"] == ["/dev/sda1", "/dev/sdb"]
    damaged, _ = survey(answers() | {("vfs_type", "/dev/sda1"): b"ntfs"})
    assert damaged.storage.file_systems[0].journal is Journal.UNKNOWN


def test_everything_is_mounted_read_only_without_devices_or_programs():
    _, worker = survey(answers())
    mounted = [asked for asked in worker.asked if asked[0] == "mount"]
    assert {asked[3] for asked in mounted} == {"ro,nodev,nosuid,noexec", "ro,nodev,nosuid,noexec,nouuid"}
    assert mount_options("xfs").endswith("nouuid")


def test_a_physical_volume_lies_where_translated_names_say_and_not_where_the_appliances_kernel_found_it():
    uuid = "abcdef0123456789abcdef0123456789"
    physical = {"pv_name": "/dev/sda", "pv_uuid": uuid, "pv_size": 100, "pv_free": 10}
    found, _ = survey(answers(pvs_full=[physical], pvs=["/dev/sdb"], vgs_full=[], lvs_full=[])
                      | {("pvuuid", "/dev/sdb"): uuid})  # fmt: skip
    assert [one.place for one in found.storage.physical_volumes] == ["xvdb"]


def test_a_physical_volume_that_no_translated_name_has_is_nowhere_and_that_is_said():
    physical = {"pv_name": "/dev/sda", "pv_uuid": "u", "pv_size": 100, "pv_free": 10}
    found, _ = survey(answers(pvs_full=[physical], pvs=[], vgs_full=[], lvs_full=[]))
    assert found.storage.physical_volumes == ()
    assert any("on which disk" in one.reason for one in found.storage.undetermined)
