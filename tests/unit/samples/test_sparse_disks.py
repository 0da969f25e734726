from imgkit.samples import sparse_disks
from imgkit.samples.file_system_kinds import KINDS
from imgkit.samples.sparse_disks import FAR_UIDS, SPARSE, sparse_works, uids_on


def test_every_user_has_a_record_at_the_place_of_his_number(tmp_path, monkeypatch):
    monkeypatch.setattr(sparse_disks, "make_empty", lambda target, _: target.touch())
    works = sparse_works(tmp_path, KINDS)
    assert [work.name for work in works] == [f"{name}-sparse.raw" for name in SPARSE]
    lines = works[0].lines(["/dev/sda", "/dev/sdb"])
    assert [f"seek={uid}" in line for uid, line in zip(uids_on("ext3"), lines[1:-1], strict=True)] == [True] * 3
    assert uids_on("xfs") == FAR_UIDS
    assert works[0].sources[0].stat().st_size == 292 * len(FAR_UIDS)
