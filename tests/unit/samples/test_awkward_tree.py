"""What the kernel is given to unpack."""

import tarfile

from imgkit.samples.awkward_tree import HOSTILE_NAMES, LARGE_UID, MANY_LINKS, write_awkward_tar, write_plain_tar


def members(path) -> dict[bytes, tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return {one.name.encode("utf-8", "surrogateescape"): one for one in archive}


def test_names_keep_their_bytes(tmp_path):
    write_awkward_tar(tmp_path / "tar")
    assert {b"hostile/" + name for name in HOSTILE_NAMES} <= members(tmp_path / "tar").keys()


def test_owners_links_and_times_are_in_it(tmp_path):
    write_awkward_tar(tmp_path / "tar")
    found = members(tmp_path / "tar")
    assert found[b"owners/0"].uid == LARGE_UID
    assert len([one for one in found.values() if one.islnk()]) == MANY_LINKS - 1
    assert found[b"times/1960"].mtime < 0


def test_the_plain_tree_has_files_and_nothing_else(tmp_path):
    write_plain_tar(tmp_path / "tar")
    assert all(one.isfile() for one in members(tmp_path / "tar").values())
