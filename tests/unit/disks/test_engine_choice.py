"""Where libguestfs changes the answer."""

import pytest

from imgkit.disks.engine_choice import reason_line, reasons_for_guestfs, require_opened
from imgkit.errors import NeedsKey, SettingsError
from imgkit.model.role import DiskRole
from imgkit.model.storage import (
    EncryptedState,
    EncryptedVolume,
    FileSystem,
    Journal,
    LogicalVolume,
    Member,
    Storage,
)
from imgkit.model.volume_key import VolumeKey

ROLES = (DiskRole(),)
KEY = VolumeKey(label="key", secrets=(b"x",))


def file_system(**fields) -> Storage:
    return Storage(file_systems=(FileSystem(place="system:1", roles=ROLES, type="ext4", **fields),))


def locked(*states: EncryptedState, error: str = "") -> Storage:
    return Storage(
        encrypted=tuple(
            EncryptedVolume(place=f"system:{number}", roles=ROLES, type="luks2", state=state, error=error)
            for number, state in enumerate(states, start=1)
        )
    )


@pytest.mark.parametrize(
    ("storage", "why"),
    [
        (file_system(journal=Journal.PENDING), "changes wait in its journal"),
        (file_system(error="a feature that nobody knows"), "ext4 that imgkit itself cannot read"),
        (
            Storage(members=(Member(place="system:1", roles=ROLES, type="linux_raid_member", error="x"),)),
            "linux_raid_member",
        ),
    ],
    ids=["dirty", "unreadable", "RAID"],
)
def test_what_imgkit_cannot_see_is_a_reason(storage, why):
    assert reasons_for_guestfs(storage) == {"system:1": why}


def test_a_volume_that_was_not_put_together_is_a_reason():
    volume = LogicalVolume(name="lv", group="vg", uuid="", size_bytes=1, error="of type thin")
    assert reasons_for_guestfs(Storage(logical_volumes=(volume,))) == {"/dev/vg/lv": "a volume of LVM: of type thin"}


def test_a_journal_that_no_engine_replays_is_none():
    waiting = FileSystem(place="xvdb:1", roles=ROLES, type="ntfs", journal=Journal.PENDING)
    assert reasons_for_guestfs(Storage(file_systems=(waiting,))) == {}


def test_a_clean_file_system_is_none():
    assert reasons_for_guestfs(file_system(journal=Journal.CLEAN)) == {}


def test_what_libguestfs_cannot_read_either_is_none():
    oracle = Storage(members=(Member(place="xvdb", roles=ROLES, type="oracleasm", error="x"),))
    assert reasons_for_guestfs(oracle) == {}


def test_a_pool_of_zfs_is_one():
    zfs = Storage(members=(Member(place="xvdb", roles=ROLES, type="zfs_member", error="x"),))
    assert reasons_for_guestfs(zfs) == {"xvdb": "zfs_member"}


def test_an_encrypted_volume_is_one_only_with_a_key_that_may_fit():
    storage = locked(EncryptedState.NO_KEY)
    assert reasons_for_guestfs(storage) == {}
    assert reasons_for_guestfs(storage, [KEY]) == {"system:1": "a key was given"}


def test_a_key_for_a_volume_that_shows_later_is_one():
    key = VolumeKey(label="key", secrets=(b"x",), place="/dev/vg/inner")
    assert reasons_for_guestfs(Storage(), [key]) == {"/dev/vg/inner": "a key was given"}


def test_the_reasons_fit_into_a_line():
    assert reason_line({"system:1": "dirty", "xvdb": "btrfs"}) == (
        "libguestfs changes the answer for system:1 (dirty), xvdb (btrfs)"
    )


def test_a_key_that_opens_nothing_ends_the_look():
    with pytest.raises(NeedsKey, match=r"system:1 \(luks2\)") as caught:
        require_opened(locked(EncryptedState.REFUSED, error="out of memory"), [KEY])
    assert "--key-file" in caught.value.hint
    assert "out of memory" in caught.value.hint


def test_a_key_that_opens_one_of_two_is_a_good_key():
    require_opened(locked(EncryptedState.OPENED, EncryptedState.REFUSED), [KEY])


def test_a_key_for_a_volume_must_open_that_one():
    key = VolumeKey(label="key", secrets=(b"x",), place="system:2")
    with pytest.raises(NeedsKey, match="system:2"):
        require_opened(locked(EncryptedState.OPENED, EncryptedState.REFUSED), [KEY, key])


def test_a_key_for_a_volume_that_is_not_there_is_a_mistake():
    key = VolumeKey(label="key", secrets=(b"x",), place="xvdb:9")
    with pytest.raises(SettingsError, match="xvdb:9") as caught:
        require_opened(locked(EncryptedState.OPENED), [key])
    assert "system:1" in caught.value.hint
