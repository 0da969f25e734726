from imgkit.samples import kind_disks
from imgkit.samples.file_system_kinds import KINDS
from imgkit.samples.kind_disks import kind_works


def test_each_kind_is_mounted_filled_and_unmounted(tmp_path, monkeypatch):
    monkeypatch.setattr(kind_disks, "make_empty", lambda target, _: target.touch())
    works = kind_works(tmp_path)
    assert [work.disks[0].name for work in works] == [f"{kind.name}.raw" for kind in KINDS]
    lines = works[0].lines(["/dev/sda", "/dev/sdb"])
    assert lines[1].split()[-2:] == ["/dev/sda", "/run/m"]
    assert "tar -xf /dev/sdb" in lines[2]
    assert lines[-1] == "umount /run/m"


def test_only_kinds_that_know_attributes_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(kind_disks, "make_empty", lambda target, _: target.touch())
    for work, kind in zip(kind_works(tmp_path), KINDS, strict=True):
        assert ("setfattr" in "".join(work.lines(["a", "b"]))) is not kind.plain
