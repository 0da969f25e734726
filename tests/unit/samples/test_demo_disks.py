from pathlib import Path

import pytest

from imgkit.errors import TargetExists, ToolMissing
from imgkit.samples import demo_disks
from imgkit.samples.demo_disks import make_demo_disks, make_xfs_disk


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(path: Path, *_: object, **__: object) -> None:
        path.write_bytes(b"disk")

    for name in ("_make_system", "_make_data", "_make_lvm"):
        monkeypatch.setattr(demo_disks, name, make)


@pytest.mark.usefixtures("_quick")
def test_three_disks_are_named_after_their_roles(tmp_path: Path):
    made = make_demo_disks(tmp_path / "disks")
    assert [(disk.role.name, disk.path.name, disk.size_bytes) for disk in made] == [
        ("system", "system.raw", 4),
        ("xvdb", "xvdb.raw", 4),
        ("xvdc", "xvdc.raw", 4),
    ]
    assert sorted(path.name for path in (tmp_path / "disks").iterdir()) == ["system.raw", "xvdb.raw", "xvdc.raw"]


@pytest.mark.usefixtures("_quick")
def test_a_disk_that_is_there_is_not_overwritten(tmp_path: Path):
    (tmp_path / "xvdb.raw").write_bytes(b"mine")
    with pytest.raises(TargetExists):
        make_xfs_disk(tmp_path)
    assert (tmp_path / "xvdb.raw").read_bytes() == b"mine"


def test_a_missing_tool_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(path: Path, scratch: Path) -> None:
        path.write_bytes(b"half")
        raise ToolMissing("mkfs.xfs is not installed")

    monkeypatch.setattr(demo_disks, "_make_data", fail)
    with pytest.raises(ToolMissing):
        make_xfs_disk(tmp_path)
    assert list(tmp_path.iterdir()) == []
