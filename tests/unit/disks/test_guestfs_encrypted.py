"""Trying keys on volumes."""

from typing import cast

from tests.unit.disks.guestfs_fake import FakeWorker

from imgkit.disks.guestfs_asking import Asking
from imgkit.disks.guestfs_encrypted import Opener
from imgkit.disks.guestfs_places import Places
from imgkit.model.role import DiskRole
from imgkit.model.storage import EncryptedState
from imgkit.model.volume_key import VolumeKey
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker

WRONG = "cryptsetup exited with status 2: No key available with this passphrase."


class Locked(FakeWorker):
    """A LUKS volume; `fits` is its key, `says` what is said to every other one."""

    fits = b"right"
    says = WRONG
    tried: tuple[bytes, ...] = ()

    def open_encrypted(self, device: str, key: bytes, name: str) -> None:
        self.tried = (*self.tried, key)
        if key != self.fits:
            raise GuestfsRefused(self.says)


def opener(worker: Locked, *keys: VolumeKey) -> Opener:
    head = b"LUKS\xba\xbe\0\2"
    worker.answers |= {
        "vfs_uuid": b"1234",
        "blockdev_getsize64": 4096,
        "pread_device": head.ljust(4096, b"\0"),
        ("pread_device", "/dev/sda2", 8, 0): head,
    }
    places = Places(devices={"/dev/sda": DiskRole()})
    return Opener(asking=Asking(worker=cast("GuestfsWorker", worker)), places=places, keys=keys)


def key(*secrets: bytes, place: str = "") -> VolumeKey:
    return VolumeKey(label="key", secrets=secrets, place=place)


def test_without_a_key_nothing_is_tried():
    worker = Locked()
    one = opener(worker, key(b"right", place="xvdb"))
    assert one.take("/dev/sda2", "crypto_LUKS") == ""
    assert [(volume.place, volume.type, volume.state) for volume in one.volumes] == [
        ("system:2", "luks2", EncryptedState.NO_KEY)
    ]
    assert worker.tried == ()


def test_every_key_is_tried_until_one_opens_it():
    worker = Locked()
    one = opener(worker, key(b"wrong"), key(b"right", b"right\n"), key(b"never tried"))
    assert one.take("/dev/sda2", "crypto_LUKS") == "/dev/mapper/imgkit-0"
    assert worker.tried == (b"wrong", b"right")
    assert one.places.place("/dev/mapper/imgkit-0") == "system:2"


def test_a_wrong_key_is_told_from_a_failure():
    wrong = opener(Locked(), key(b"wrong"))
    wrong.take("/dev/sda2", "crypto_LUKS")
    assert (wrong.volumes[0].state, wrong.volumes[0].error) == (EncryptedState.REFUSED, "")
    worker = Locked()
    worker.says = "cryptsetup: out of memory"
    failing = opener(worker, key(b"wrong"))
    failing.take("/dev/sda2", "crypto_LUKS")
    assert failing.volumes[0].error == "cryptsetup: out of memory"
