"""What `stat` and `getfattr` print of a tree, taken apart."""

import pytest

from imgkit.disks.tree_snapshot import BadSnapshot, parse_entry, read_attributes, read_snapshot, records
from imgkit.model.tree import EntryKind

NUMBERS = b"2048 %d %x 1 100000 0 5 1.5 %s 3.000000001 0.000000000"


def line(name: bytes, *, mode: int = 0o100644, modified: bytes = b"2.000000000", inode: int = 7) -> bytes:
    return NUMBERS % (inode, mode, modified) + b" " + name + b"\0"


TREE = b"".join(
    [
        line(b".", mode=0o40755),
        line(b"./etc", mode=0o40755),
        line(b"./etc/a b\nc \xff"),
        line(b"./etc/fstab"),
        line(b"./link", mode=0o120777),
    ]
)


def test_a_folder_is_listed_sorted_by_bytes_whatever_the_names():
    snapshot = read_snapshot([TREE])
    assert [entry.name for entry in snapshot.folder(b"/etc") or ()] == [b"a b\nc \xff", b"fstab"]
    assert [entry.name for entry in snapshot.folder(b"/") or ()] == [b"etc", b"link"]
    assert len(snapshot) == 5


def test_blocks_may_be_cut_anywhere():
    pieces = [TREE[at : at + 3] for at in range(0, len(TREE), 3)]
    assert read_snapshot(pieces).folder(b"/etc") == read_snapshot([TREE]).folder(b"/etc")


def test_numbers_are_those_of_the_inode_and_an_unknown_birth_is_none():
    entry = read_snapshot([TREE]).entry(b"/etc/fstab")
    assert entry is not None
    assert (entry.uid, entry.kind, entry.mode, entry.file_system) == (100_000, EntryKind.FILE, 0o100644, 2048)
    assert (entry.accessed_ns, entry.modified_ns, entry.changed_ns) == (1_500_000_000, 2_000_000_000, 3_000_000_001)
    assert entry.born_ns is None


def test_times_before_1970_are_negative_to_the_nanosecond():
    entry = read_snapshot([line(b"./old", modified=b"-315619199.876543211")]).entry(b"/old")
    assert entry is not None
    assert entry.modified_ns == -315_619_199_876_543_211


def test_an_empty_folder_is_no_unknown_one():
    snapshot = read_snapshot([line(b"./empty", mode=0o40755)])
    assert snapshot.folder(b"/empty") == ()
    assert snapshot.folder(b"/link/below") is None
    assert snapshot.entry(b"/nothing") is None


@pytest.mark.parametrize("raw", [b"1 2 3 ./x\0", line(b"/absolute"), line(b"./x")[:-1], b"stat: error\0"])
def test_what_is_no_such_record_is_refused(raw):
    with pytest.raises(BadSnapshot):
        read_snapshot([raw])


def test_numbers_that_are_none_are_refused():
    with pytest.raises(BadSnapshot):
        parse_entry(b"x", b"a b c")


def test_attributes_are_read_with_their_escapes_undone():
    printed = (
        b"# file: ./bin/ping\nsecurity.capability=0x0100\nuser.a\\075b=0x\nuser.empty\n\n"
        b"# file: ./new\\012line\\134\nuser.x=0xff\n\n# file: .\nuser.top=0x31\n\n"
    )
    assert read_attributes([printed]) == {
        b"/bin/ping": {b"security.capability": b"\1\0", b"user.a=b": b"", b"user.empty": b""},
        b"/new\nline\\": {b"user.x": b"\xff"},
        b"/": {b"user.top": b"1"},
    }


def test_an_attribute_that_is_no_hexadecimal_is_refused():
    with pytest.raises(BadSnapshot):
        read_attributes([b"# file: ./x\nuser.x=0xzz\n"])


def test_a_last_record_without_its_end_was_cut_off():
    with pytest.raises(BadSnapshot):
        list(records([b"one\0two"]))
