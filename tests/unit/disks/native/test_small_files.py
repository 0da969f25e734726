"""Small files are fetched few at a time, given once, and never wrongly."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from imgkit.disks.native.small_files import MOST_FILES, MOST_PATH_BYTES, SmallFiles


class Disk:
    """Has every file but those that end in `x`, and notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Sequence[bytes]] = []

    def fetch(self, paths: Sequence[bytes]) -> Mapping[bytes, bytes]:
        self.asked.append(tuple(paths))
        return {path: path.upper() for path in paths if not path.endswith(b"x")}


def test_what_was_not_expected_is_not_fetched() -> None:
    disk = Disk()
    assert SmallFiles(disk.fetch).take(b"/a") is None
    assert disk.asked == []


def test_the_first_that_is_asked_for_brings_those_after_it_and_each_is_given_once() -> None:
    disk = Disk()
    files = SmallFiles(disk.fetch)
    files.expect([b"/a", b"/x", b"/b"])
    assert [files.take(path) for path in (b"/a", b"/x", b"/b", b"/b", b"/a")] == [b"/A", None, b"/B", None, None]
    assert disk.asked == [(b"/a", b"/x", b"/b")]


def test_only_so_many_and_so_long_ones_go_into_a_question() -> None:
    disk = Disk()
    files = SmallFiles(disk.fetch)
    files.expect([b"/%d" % number for number in range(MOST_FILES + 1)])
    files.expect([b"/" + b"n" * (MOST_PATH_BYTES - 1), b"/" + b"n" * MOST_PATH_BYTES])
    files.take(b"/0")
    files.take(b"/" + b"n" * (MOST_PATH_BYTES - 1))
    assert files.take(b"/" + b"n" * MOST_PATH_BYTES) is None
    assert [len(paths) for paths in disk.asked] == [MOST_FILES, 1]


def test_what_nobody_comes_for_does_not_pile_up() -> None:
    files = SmallFiles(Disk().fetch)
    for number in range(100):
        files.expect([b"/%d/%d" % (number, at) for at in range(300)])
    assert len(files._expected) <= 10_000
    assert files.take(b"/99/7") == b"/99/7"


@given(st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from([b"/a", b"/b", b"/c", b"/x"]), max_size=4))))
def test_whatever_is_expected_a_content_is_that_of_its_path(
    steps: list[tuple[bool, list[bytes]]],
) -> None:
    files = SmallFiles(Disk().fetch)
    for expects, paths in steps:
        if expects:
            files.expect(paths)
        else:
            assert all(files.take(path) in {None, path.upper()} for path in paths)
