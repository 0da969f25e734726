"""Tests of disks/guestfs_zfs.py: pools and data sets through a worker in memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.disks.guestfs_fake import FakeWorker
from tests.unit.disks.native.test_zfs_label import label
from tests.unit.disks.test_storage_guestfs import answers

from imgkit.disks.native.zfs_label import CONFIGURATION, CONFIGURATION_BYTES
from imgkit.disks.storage_guestfs import survey_storage
from imgkit.disks.tree_guestfs import GuestfsMachine
from imgkit.model.role import DiskRole
from imgkit.model.storage import EncryptedState, MountState, Storage
from imgkit.model.volume_key import VolumeKey
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_appliance import Appliance
from imgkit.units import KiB

SYSTEM, DATA = DiskRole(), DiskRole("xvdb")
RING = (0x00BAB10C).to_bytes(8, "little") + bytes(128 * KiB - 8)
LABEL = label({"name": "rpool", "pool_guid": 77, "vdev_tree": {"type": "disk"}})
ON_XVDB = {
    ("vfs_type", "/dev/sdb"): b"zfs_member",
    ("pread_device", "/dev/sdb", CONFIGURATION_BYTES, CONFIGURATION): LABEL,
    ("pread_device", "/dev/sdb", 128 * KiB, 128 * KiB): RING,
    "pread_device": b"",
}


def dataset(name: str, mountpoint: str = "none", **more: str) -> dict[str, str]:
    return {"name": name, "type": "filesystem", "guid": "9", "mountpoint": mountpoint, "canmount": "on", **more}


def pool(*datasets: Mapping[str, str], **changes: Any) -> dict[str, Any]:
    known = {"name": "rpool", "called": "rpool", "guid": "77", "state": "ONLINE", "error": "", "missing": 0}
    return {
        **known,
        "lacks": "",
        "read_only": False,
        "used": [0],
        "snapshots": 0,
        "datasets": list(datasets),
        **changes,
    }


def worker_of(*pools: Mapping[str, Any], driver: str = "kernel", **more: Any) -> FakeWorker:
    return FakeWorker(answers=answers() | ON_XVDB, zfs={"driver": driver, "pools": list(pools)}, **more)


def survey(worker: FakeWorker, *keys: VolumeKey) -> Storage:
    return survey_storage(cast("GuestfsWorker", worker), [SYSTEM, DATA], keys).storage


def test_data_sets_are_file_systems_on_the_disks_of_their_pool():
    storage = survey(worker_of(pool(dataset("rpool"), dataset("rpool/var", "/var"), missing=1, snapshots=4)))
    (one,) = storage.pools
    assert (one.place, one.members, one.missing_disks, one.snapshots) == ("zfs:rpool", ("xvdb",), 1, 4)
    assert [(member.place, member.label, member.error) for member in storage.members] == [("xvdb", "rpool", "")]
    found = [each for each in storage.file_systems if each.type == "zfs"]
    assert [(each.place, each.roles, each.uuid, each.label) for each in found] == [
        ("zfs:rpool", (DATA,), "9", ""),
        ("zfs:rpool/var", (DATA,), "9", ""),
    ]
    assert found[0].used_bytes == 600
    assert found[0].inodes is None


def test_a_pool_that_was_not_put_together_says_why():
    storage = survey(worker_of(pool(error="cannot import 'rpool': newer version")))
    assert storage.pools == ()
    (member,) = storage.members
    assert member.error == "its pool could not be put together: cannot import 'rpool': newer version"
    (older,) = survey(worker_of(pool(error="cannot import 'rpool': newer version"), driver="fuse")).members
    assert "OpenZFS in libguestfs' appliance reads this one" in older.error


@pytest.mark.parametrize(
    ("driver", "words"), [("programs", "libguestfs-zfs"), ("module", "no module"), ("kernel", "no pool")]
)
def test_without_a_pool_it_is_said_what_is_lacking(driver, words):
    (member,) = survey(worker_of(driver=driver)).members
    assert words in member.error


def test_a_refusal_of_the_appliance_is_the_members_error():
    class Refusing(FakeWorker):
        def find_pools(self, devices: Any) -> Any:
            raise GuestfsRefused("debug: no shell")

    (member,) = survey(Refusing(answers=answers() | ON_XVDB)).members
    assert member.error == "debug: no shell"


def test_nothing_is_asked_where_no_disk_has_zfs():
    worker = FakeWorker(answers=answers())
    survey(worker)
    assert not [asked for asked in worker.asked if asked[0] == "find_pools"]


def test_volumes_and_what_was_left_out_are_not_passed_over():
    volume = {"name": "rpool/vol", "type": "volume", "volsize": "1048576"}
    storage = survey(worker_of(pool(dataset("rpool"), volume, lacks="it has 2000 data sets, and more")))
    reasons = {one.what: one.reason for one in storage.undetermined}
    assert "zvol, 1 MiB" in reasons["zfs:rpool/vol"]
    assert "2000 data sets" in reasons["zfs:rpool"]


def test_a_pool_that_could_only_be_read_says_so():
    (one,) = survey(worker_of(pool(dataset("rpool"), read_only=True))).undetermined
    assert "intent log" in one.reason


TWICE = ON_XVDB | {
    ("vfs_type", "/dev/sdc"): b"zfs_member",
    ("pread_device", "/dev/sdc", CONFIGURATION_BYTES, CONFIGURATION): LABEL,
    ("pread_device", "/dev/sdc", 128 * KiB, 128 * KiB): RING,
    "list_devices": ["/dev/sda", "/dev/sdb", "/dev/sdc"],
}


def test_a_disk_that_its_pool_was_put_together_without_was_not_read():
    worker = FakeWorker(
        answers=answers() | TWICE, zfs={"driver": "kernel", "pools": [pool(dataset("rpool"), used=[1])]}
    )
    storage = survey_storage(cast("GuestfsWorker", worker), [SYSTEM, DATA, DiskRole("xvdc")], ()).storage
    errors = {one.place: one.error for one in storage.members}
    assert errors["xvdc"] == ""
    assert "without it" in errors["xvdb"]
    assert storage.pools[0].members == ("xvdc",)
    (found,) = [one for one in storage.file_systems if one.type == "zfs"]
    assert found.roles == (DiskRole("xvdc"),)


def test_a_pool_takes_no_disk_that_says_it_is_of_another():
    other = label({"name": "other", "pool_guid": 88, "vdev_tree": {"type": "disk"}})
    known = TWICE | {("pread_device", "/dev/sdc", CONFIGURATION_BYTES, CONFIGURATION): other}
    pools = [pool(dataset("rpool"), used=[0, 1]), pool(name="other", called="other", guid="88", error="cannot import")]
    worker = FakeWorker(answers=answers() | known, zfs={"driver": "kernel", "pools": pools})
    storage = survey_storage(cast("GuestfsWorker", worker), [SYSTEM, DATA, DiskRole("xvdc")], ()).storage
    assert storage.pools[0].members == ("xvdb",)
    errors = {one.place: one.error for one in storage.members}
    assert (errors["xvdb"], "cannot import" in errors["xvdc"]) == ("", True)


def test_where_nobody_says_which_disks_were_used_those_of_the_pool_were():
    (one,) = survey(worker_of(pool(dataset("rpool"), used=[]))).pools
    assert one.members == ("xvdb",)


def test_a_data_set_has_no_size_of_its_own():
    (found,) = [one for one in survey(worker_of(pool(dataset("rpool")))).file_systems if one.type == "zfs"]
    assert (found.size_bytes, found.free_bytes, found.used_bytes) == (None, None, 600)


def test_a_spare_is_named_and_not_missed():
    spare = {
        ("pread_device", "/dev/sdb", CONFIGURATION_BYTES, CONFIGURATION): label({"state": 3, "guid": 9, "version": 23}),
        ("pread_device", "/dev/sdb", 1, CONFIGURATION): b"\1",
        ("pread_device", "/dev/sdb", 128 * KiB, 128 * KiB): bytes(128 * KiB),
        ("vfs_type", "/dev/sdb"): b"",
    }
    worker = FakeWorker(answers=answers() | ON_XVDB | spare)
    storage = survey(worker)
    (one,) = storage.members
    assert (one.place, one.type, one.detail, one.error) == ("xvdb", "zfs_spare", "spare", "")
    assert not [asked for asked in worker.asked if asked[0] == "find_pools"]


SECRET = {"encryption": "aes-256-gcm", "encryptionroot": "rpool/s", "keystatus": "unavailable"}


def locked(*keys: VolumeKey, **opens: bytes) -> Storage:
    closed = (dataset("rpool/s", **SECRET), dataset("rpool/s/below", **SECRET | {"guid": "10"}))
    plain = dataset("rpool", encryption="off", encryptionroot="-", keystatus="-")
    return survey(worker_of(pool(plain, *closed), opens={"rpool/s": b"right"} | opens), *keys)


def test_an_encrypted_data_set_without_a_root_stays_closed():
    odd = dataset("rpool/s", keystatus="unavailable")
    storage = survey(worker_of(pool(dataset("rpool"), odd)))
    assert [one.place for one in storage.file_systems if one.type == "zfs"] == ["zfs:rpool"]


def test_encrypted_data_sets_are_named_once_for_each_key_and_not_read():
    storage = locked()
    (one,) = storage.encrypted
    assert (one.place, one.type, one.cipher, one.state) == ("zfs:rpool/s", "zfs", "aes-256-gcm", EncryptedState.NO_KEY)
    assert (one.roles, one.uuid) == ((DATA,), "9")
    assert [each.place for each in storage.file_systems if each.type == "zfs"] == ["zfs:rpool"]


def test_a_key_opens_all_that_have_the_same_root():
    storage = locked(VolumeKey(label="k", secrets=(b"wrong", b"right")))
    assert storage.encrypted[0].state is EncryptedState.OPENED
    assert [each.place for each in storage.file_systems if each.type == "zfs"] == [
        "zfs:rpool",
        "zfs:rpool/s",
        "zfs:rpool/s/below",
    ]


def test_a_wrong_key_is_refused_without_more_words_and_one_for_elsewhere_is_not_tried():
    (one,) = locked(VolumeKey(label="k", secrets=(b"wrong",))).encrypted
    assert (one.state, one.error) == (EncryptedState.REFUSED, "")
    (other,) = locked(VolumeKey(label="k", secrets=(b"right",), place="xvdb")).encrypted
    assert other.state is EncryptedState.NO_KEY


def machine_of(worker: FakeWorker) -> GuestfsMachine:
    appliance = Appliance(
        worker=cast("GuestfsWorker", worker), interpreter=Path("/usr/bin/python3"), version="1.48.6", emulated=True
    )
    return GuestfsMachine(appliance, [SYSTEM, DATA])


CACHE = label({"bpool": {"name": "bpool", "pool_guid": 78, "version": 5000}})
ROOTED = (
    dataset("rpool/ROOT", "/"),
    dataset("rpool/var", "/var"),
    dataset("rpool/var/log", "/var/log"),
    dataset("rpool/by-hand", "/srv", canmount="noauto"),
    dataset("rpool/fstab", "legacy"),
)
FILES = {
    "zfs:rpool/ROOT": {
        b"/etc/os-release": b"ID=ubuntu\n",
        b"/etc/zfs/zpool.cache": CACHE,
        b"/var/below": b"",
        b"/boot/below": b"",
    },
    "zfs:rpool/var": {b"/lib/dpkg/status": b"x", b"/log/below": b""},
    "zfs:rpool/var/log": {b"/wtmp": b"y"},
}


def test_a_system_on_zfs_has_what_zfs_mounts_by_itself():
    boot = pool(dataset("bpool/boot", "/boot"), name="bpool", called="bpool", guid="78")
    # The name is in the cache, as a part of every configuration.
    other = pool(dataset("version/home", "/home"), name="version", called="version", guid="79")
    worker = worker_of(pool(*ROOTED), boot, other, files=FILES)
    machine = machine_of(worker)
    assert machine.os_places == ("zfs:rpool/ROOT",)
    tree, mounts = machine.system_tree("zfs:rpool/ROOT", ())
    assert [(one.spec, one.folder, one.state) for one in mounts] == [
        ("rpool/var", "/var", MountState.MOUNTED),
        ("rpool/var/log", "/var/log", MountState.MOUNTED),
        ("bpool/boot", "/boot", MountState.MOUNTED),
    ]
    assert mounts[0].reason == "by its own mount point"
    assert tree.read_file(b"/var/lib/dpkg/status", limit=9) == b"x"
    assert tree.read_file(b"/var/log/wtmp", limit=9) == b"y"


def elsewhere(*pools: Mapping[str, Any], **files: bytes) -> GuestfsMachine:
    known = answers() | ON_XVDB | {("vfs_type", "/dev/sda1"): b"ext4"}
    system = {b"/etc/os-release": b"ID=debian\n", **{name.encode(): data for name, data in files.items()}}
    zfs = {"driver": "kernel", "pools": list(pools)}
    return machine_of(FakeWorker(answers=known, zfs=zfs, files=FILES | {"/dev/sda1": system}))


def test_a_system_elsewhere_mounts_the_pools_that_it_opens_and_no_other():
    data = pool(dataset("data/srv", "/srv"), name="data", called="data", guid="78")
    _, mounts = elsewhere(pool(*ROOTED)).system_tree("system:1", ())
    assert mounts == ()
    _, mounts = elsewhere(pool(*ROOTED), data, **{"/etc/zfs/zpool.cache": CACHE}).system_tree("system:1", ())
    assert [(one.spec, one.folder) for one in mounts] == [("data/srv", "/srv")]


def test_two_pools_of_one_name_are_not_one_system():
    twin = pool(dataset("rpool-456/ROOT", "/"), dataset("rpool-456/srv", "/srv"), called="rpool-456", guid="456")
    files = FILES | {"zfs:rpool-456/ROOT": {b"/etc/os-release": b"ID=ubuntu\n", b"/srv/below": b""}}
    machine = machine_of(worker_of(pool(*ROOTED), twin, files=files))
    _, mounts = machine.system_tree("zfs:rpool-456/ROOT", ())
    assert [one.spec for one in mounts] == ["rpool-456/srv"]
