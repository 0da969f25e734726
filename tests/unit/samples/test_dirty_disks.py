from imgkit.samples import dirty_disks
from imgkit.samples.dirty_disks import dirty_works
from imgkit.samples.file_system_kinds import KINDS


def test_they_are_left_mounted(tmp_path, monkeypatch):
    monkeypatch.setattr(dirty_disks, "make_empty", lambda target, _: target.touch())
    works = dirty_works(tmp_path, KINDS)
    assert [work.name for work in works] == ["ext4-dirty.raw", "xfs-dirty.raw"]
    assert all("umount" not in work.lines(["/dev/sda"])[-1] for work in works)
