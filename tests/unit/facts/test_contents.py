from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import File, Folder, Link, MemoryTree, Nodes, Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.contents import ContentsVisitor, describe_contents
from imgkit.facts.guest import Guest
from imgkit.facts.holdings import MOST_HOLDINGS
from imgkit.facts.walk import walk_tree
from imgkit.model.contents import Contents, FileKind, FolderSize, Holding
from imgkit.model.fact import Fact
from imgkit.model.tree import Entry, EntryKind

FILES = {
    "/backup/db.sql": File(b"x" * 100, modified_ns=50_000_000_000),
    "/backup/deep/er/old.sql": File(b"x" * 300, modified_ns=10_000_000_000),
    "/notes.txt": File(b"x" * 5, modified_ns=90_000_000_000),
    "/empty": Folder(),
    "/link": Link(b"/backup"),
}


def read_contents(guest: Guest, **limits: int) -> Fact[Contents]:
    seen = ContentsVisitor()
    return describe_contents(guest, seen, walk_tree(guest, (seen,), **limits))


def contents(files: Nodes, **limits: int) -> Contents:
    found = read_contents(guest_with(files), **limits).value
    assert found is not None
    return found


def test_everything_is_counted():
    found = contents(FILES)
    assert (found.files, found.folders, found.links, found.others) == (3, 4, 1, 0)
    assert (found.entries_seen, found.bytes_in_files, found.whole) == (8, 405, True)


def test_the_top_shows_what_lies_below_each_name():
    top = {entry.name: entry for entry in contents(FILES).top}
    assert list(top) == [b"backup", b"empty", b"link", b"notes.txt"]
    assert (top[b"backup"].files_below, top[b"backup"].bytes_below, top[b"backup"].kind) == (2, 400, EntryKind.FOLDER)
    assert (top[b"notes.txt"].files_below, top[b"notes.txt"].bytes_below) == (1, 5)
    assert (top[b"empty"].files_below, top[b"empty"].mode) == (0, "rwxr-xr-x")


def test_the_largest_and_the_newest_come_first():
    found = contents(FILES)
    assert [one.path for one in found.largest] == [b"/backup/deep/er/old.sql", b"/backup/db.sql", b"/notes.txt"]
    assert [one.path for one in found.newest] == [b"/notes.txt", b"/backup/db.sql", b"/backup/deep/er/old.sql"]
    assert found.newest[0].modified == datetime(1970, 1, 1, 0, 1, 30, tzinfo=UTC)


def test_a_file_with_two_names_takes_its_room_once():
    twice = File(b"x" * 100, inode=7, links=2)
    found = contents({"/a/one": twice, "/b/two": twice})
    assert (found.files, found.bytes_in_files) == (2, 100)


def test_links_are_not_walked():
    assert contents({"/a/x": b"1", "/loop": Link(b"/"), "/a/up": Link(b"..")}).entries_seen == 4


@pytest.mark.parametrize(
    ("limits", "note"),
    [({"most_entries": 3}, "the walk ended after 3 entries"), ({"most_folders": 2}, "the walk ended after 2 folders")],
)
def test_a_limit_is_said_and_is_no_failure(limits, note):
    fact = read_contents(guest_with(FILES), **limits)
    assert fact.value is not None
    assert not fact.value.whole
    assert (fact.notes, fact.partial) == ((note,), False)


def test_what_a_limit_leaves_out_lies_deepest():
    found = contents(FILES, most_entries=6)
    assert b"/backup/deep/er/old.sql" not in [one.path for one in found.largest]
    assert b"/notes.txt" in [one.path for one in found.largest]


def test_a_folder_that_cannot_be_listed_makes_it_partial():
    class Torn(MemoryTree):
        def list_folder(self, path: bytes) -> Sequence[Entry]:
            if path == b"/bad":
                raise CannotLookInside("bad sector")
            return super().list_folder(path)

    fact = read_contents(Guest(tree=Torn({"/bad/x": b"1", "/good/y": b"22"}), label="xvdb:1"))
    assert fact.value is not None
    assert (fact.value.files, fact.value.whole, fact.partial) == (1, False, True)
    assert fact.notes == ("1 folders could not be listed, the first because: bad sector",)


def test_a_top_that_cannot_be_listed_is_not_empty():
    with pytest.raises(CannotLookInside):
        read_contents(guest_with({b"/": Shut()}))


def test_folders_without_end_are_left_at_some_depth():
    fact = read_contents(guest_with({"/a" * 200 + "/end": b"1"}))
    assert fact.value is not None
    assert (fact.value.whole, fact.partial) == (False, True)
    assert fact.value.files == 0


def test_a_crowded_top_is_cut_and_says_so():
    fact = read_contents(guest_with({f"/{number:04}": b"" for number in range(300)}))
    assert fact.value is not None
    assert (len(fact.value.top), fact.value.files) == (200, 300)
    assert fact.notes == ("only the first 200 of 300 names at the top are given",)


def test_the_largest_folders_count_all_below_them():
    assert contents(FILES).large_folders[:2] == (
        FolderSize(path=b"/backup", bytes_below=400, files_below=2),
        FolderSize(path=b"/backup/deep", bytes_below=300, files_below=1),
    )


def test_what_the_disk_is_used_for_is_told():
    found = contents({"/pg/PG_VERSION": "15\n", "/pg/base": Folder(), "/pg/global": Folder(), "/x.sql.gz": b"123"})
    assert found.holdings == (Holding(kind="PostgreSQL data", path=b"/pg", version="15"),)
    assert found.kinds == (FileKind(kind="dump of a database", files=1, total_bytes=3, largest=b"/x.sql.gz"),)


def test_a_large_database_whose_beginning_tells_its_version_leaves_nothing_out():
    dump = b"REDIS0011\xfa\x09redis-ver\x057.2.4" + bytes(100_000)
    fact = read_contents(guest_with({"/redis/dump.rdb": dump}))
    assert fact.value is not None
    assert fact.value.holdings == (Holding(kind="Redis data", path=b"/redis", version="7.2.4"),)
    assert (fact.partial, fact.notes, [one.truncated for one in fact.sources]) == (False, (), [True])


def test_that_only_the_first_of_many_databases_are_given_is_said():
    fact = read_contents(guest_with({f"/{number:03}/ibdata1": b"1" for number in range(MOST_HOLDINGS)}))
    assert fact.notes == (f"of databases, backups and their like only the first {MOST_HOLDINGS} are given",)


NAMES = st.binary(min_size=1, max_size=8).filter(lambda name: b"/" not in name and name not in {b".", b".."})


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES, st.integers()), max_size=8))
def test_any_names_and_times_are_borne(found):
    read_contents(guest_with({b"/" + one + b"/x" + two: File(b"", modified_ns=time) for one, two, time in found}))
