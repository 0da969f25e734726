import os
from pathlib import Path

from imgkit.samples.file_systems import MADE, _proto_lines, set_times


def test_everything_gets_the_same_date_links_included(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    set_times(tmp_path)
    paths = (tmp_path, tmp_path / "folder", tmp_path / "folder/file", tmp_path / "dangling")
    assert {path.lstat().st_mtime for path in paths} == {MADE}


def test_the_prototype_of_an_xfs_has_every_kind_of_entry_in_order(tmp_path: Path):
    (tmp_path / "b").mkdir(mode=0o750)
    (tmp_path / "b").chmod(0o750)
    (tmp_path / "b/file").touch()
    (tmp_path / "b/file").chmod(0o640)
    (tmp_path / "a").symlink_to("b/file")
    folder = os.fsencode(tmp_path)
    assert list(_proto_lines(folder)) == [
        b"a l--777 0 0 b/file",
        b"b d--750 0 0",
        b"file ---640 0 0 " + folder + b"/b/file",
        b"$",
    ]
