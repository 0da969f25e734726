from imgkit.samples import crowded_disks
from imgkit.samples.crowded_disks import make_crowded_xfs


def test_all_files_lie_in_one_folder(tmp_path, monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(
        crowded_disks, "make_xfs", lambda _, folder, **__: seen.append(len(list((folder / "crowd").iterdir())))
    )
    make_crowded_xfs(tmp_path / "crowd.raw", files=12)
    assert seen == [12]
