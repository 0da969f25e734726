"""Tests of samples/zfs_disks.py; what ZFS makes of it is held in tests/integration/test_zfs.py."""

from pathlib import Path

import pytest

from imgkit.samples import zfs_disks
from imgkit.samples.zfs_disks import zfs_works


def test_pools_are_closed_but_the_one_that_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zfs_disks, "make_disk", lambda path, *_: path.touch())
    works = {work.name: work for work in zfs_works(tmp_path)}
    assert {name: len(work.disks) for name, work in works.items()} == {
        "zfs-system": 1,
        "zfs-mirror": 2,
        "zfs-torn": 1,
        "zfs-full": 1,
    }
    assert all(path.exists() for work in works.values() for path in work.disks)
    lines = {name: list(work.lines(["/dev/sda", "/dev/sdb"])) for name, work in works.items()}
    assert lines["zfs-system"][-1] == "zpool export rpool"
    assert lines["zfs-mirror"][-1] == "zpool export tank"
    assert not any("export" in line for line in lines["zfs-torn"])


def test_a_pool_is_made_below_a_root_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Else its mount points would be the appliance's, /usr among them."""
    monkeypatch.setattr(zfs_disks, "make_disk", lambda path, *_: path.touch())
    for work in zfs_works(tmp_path):
        (made,) = [line for line in work.lines(["/dev/sda", "/dev/sdb"]) if line.startswith("zpool create")]
        assert " -R /run/imgkit-made/" in made
