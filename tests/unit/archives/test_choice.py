"""Which member is the disk."""

import pytest

from imgkit.archives.choice import LARGEST_COMPANION_BYTES, DiskChoice
from imgkit.archives.tar_reader import Member
from imgkit.errors import NoSingleDisk


def member(name: bytes, size: int = 512, *, is_folder: bool = False) -> Member:
    return Member(name=name, size=size, stored_bytes=size, is_folder=is_folder)


def chosen(*members: Member, wanted: str | None = None) -> list[bytes]:
    choice = DiskChoice(wanted)
    taken = [each.name for each in members if choice.takes(each)]
    choice.settle()
    return taken


@pytest.mark.parametrize("name", [b"a.raw", b"d/a.IMG", b"a.qcow2", b"a.vhd", b"a.vdi", b"a.vmdk", b"\xff.raw"])
def test_what_is_called_a_disk_is_one(name: bytes) -> None:
    assert chosen(member(b"README"), member(name), member(b"d.raw/", is_folder=True)) == [name]


def test_what_is_too_large_for_a_companion_is_a_disk() -> None:
    assert chosen(member(b"small", LARGEST_COMPANION_BYTES), member(b"large", LARGEST_COMPANION_BYTES + 1)) == [
        b"large"
    ]


@pytest.mark.parametrize("other", [member(b"a.raw", 0), member(b"d/._a.raw"), member(b"a.raw.md5")])
def test_what_only_looks_like_a_disk_is_left(other: Member) -> None:
    choice = DiskChoice(None)
    assert not choice.takes(other)
    assert choice.companions == (other.shown,)


def test_two_disks_are_both_named_and_the_way_out_is_told() -> None:
    with pytest.raises(NoSingleDisk, match=r"2 disks in the archive: a\.raw \(512 B\), b\.raw \(512 B\)") as refused:
        chosen(member(b"a.raw"), member(b"b.raw"))
    assert "--member" in refused.value.hint


def test_no_disk_is_said_with_what_there_is() -> None:
    with pytest.raises(NoSingleDisk, match="no disk in the archive, only: README, x"):
        chosen(member(b"README"), member(b"x"))
    with pytest.raises(NoSingleDisk, match="only: nothing"):
        chosen()


@pytest.mark.parametrize("wanted", ["./b\x1b\udcff", "b\x1b\udcff", "./b\\x1b\\xff", "b\\x1b\\xff"])
def test_a_member_is_named_in_its_bytes_or_as_shown(wanted: str) -> None:
    assert chosen(member(b"a.raw"), member(b"./b\x1b\xff"), wanted=wanted) == [b"./b\x1b\xff"]


def test_a_name_that_is_not_there_or_twice_there_is_refused() -> None:
    with pytest.raises(NoSingleDisk, match="no file named b, but: a"):
        chosen(member(b"a"), wanted="b")
    with pytest.raises(NoSingleDisk, match="2 files named a"):
        chosen(member(b"a"), member(b"./a"), wanted="a")
    with pytest.raises(NoSingleDisk, match="no file named d/"):
        chosen(member(b"d/", is_folder=True), wanted="d/")


def test_the_list_of_names_has_an_end() -> None:
    choice = DiskChoice(None)
    for number in range(1000):
        choice.takes(member(b"%d" % number))
    assert len(choice.companions) == 201
    assert choice.companions[-1] == "… and 800 more"
