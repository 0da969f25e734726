"""The tar reader on its own: members, runs and what is kept; its refusals are those of the corpus."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.archives import tar_samples as t
from tests.unit.archives.tar_corpus import DATA, PLAIN, SEGMENTS, STORED, TAR

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.tar_reader import Hole, TarReader
from imgkit.errors import ArchiveDamaged, ArchiveError


def reader(archive: bytes, *, keep_headers: bool = False) -> TarReader:
    return TarReader(
        ByteStream([archive[start : start + 1000] for start in range(0, len(archive), 1000)]), keep_headers=keep_headers
    )


def test_members_come_in_order_and_what_is_not_taken_is_skipped() -> None:
    archive = t.header(b"d/", kind=b"5") + t.file(b"notes", b"d/README") + TAR
    found = [(member.name, member.size, member.is_folder) for member in reader(archive)]
    assert found == [(b"d/", 0, True), (b"d/README", 5, False), (b"system.raw", len(DATA), False)]


def test_a_member_may_be_taken_in_part() -> None:
    names = []
    tar = reader(PLAIN + TAR)
    for member in tar:
        names.append(member.name)
        next(tar.runs(member))
    assert len(names) == 2


@pytest.mark.parametrize("build", t.SPARSE_BUILDERS.values(), ids=t.SPARSE_BUILDERS)
def test_runs_are_data_and_holes_in_turn(build: object) -> None:
    assert callable(build)
    tar = reader(build(STORED, SEGMENTS, len(DATA)) + t.END)
    for member in tar:
        assert (member.name, member.size, member.stored_bytes) == (b"system.raw", len(DATA), len(STORED))
        runs = list(tar.runs(member))
    assert [run.length for run in runs if isinstance(run, Hole)] == [29184 - 12800, len(DATA) - 29184 - 4096]
    assert b"".join(bytes(run.length) if isinstance(run, Hole) else bytes(run) for run in runs) == DATA


@pytest.mark.parametrize(
    "before",
    [b"", t.long_name(b"n" * 200), t.pax([("path", "p" * 2000)]), t.pax([("comment", "c")], b"g")],
    ids=["plain", "long", "pax", "global"],
)
def test_headers_are_kept_as_they_stood(before: bytes) -> None:
    (member,) = reader(before + TAR, keep_headers=True)
    assert member.header == before + PLAIN[:512]


@pytest.mark.parametrize("build", t.SPARSE_BUILDERS.values(), ids=t.SPARSE_BUILDERS)
def test_sparse_maps_are_kept_with_the_headers(build: object) -> None:
    assert callable(build)
    archive = build(b"", [(number, 0) for number in range(60)], 100)
    (member,) = reader(archive + t.END, keep_headers=True)
    assert member.header == archive


def test_headers_are_not_kept_unasked() -> None:
    (member,) = reader(TAR)
    assert member.header == b""


def test_the_name_of_a_sparse_file_is_its_own() -> None:
    (member,) = reader(t.pax_sparse_10(STORED, SEGMENTS, len(DATA)) + t.END)
    assert (member.name, member.shown) == (b"system.raw", "system.raw")


def test_solaris_extended_headers_are_read_like_pax() -> None:
    (member,) = reader(t.pax([("path", "other.raw")], b"X") + TAR)
    assert member.name == b"other.raw"


def test_a_missing_end_is_a_note() -> None:
    for archive in (PLAIN, PLAIN + bytes(512)):
        tar = reader(archive)
        assert len(list(tar)) == 1
        assert len(tar.notes) == 1
    tar = reader(TAR)
    assert len(list(tar)) == 1
    assert tar.notes == []


@pytest.mark.parametrize("length", [*range(1, len(PLAIN), 977), len(PLAIN) - 1])
def test_no_cut_is_passed_over(length: int) -> None:
    with pytest.raises(ArchiveDamaged):
        list(reader(PLAIN[:length]))


SEEDS = (
    t.pax([("path", "a.raw"), ("size", "600")]) + t.file(bytes(600)) + t.END,
    t.long_name(b"n" * 120) + t.file(bytes(600), magic=t.OLD_GNU) + t.END,
    *(build(bytes(572), [(5, 512), (560, 60)], 700) + t.END for build in t.SPARSE_BUILDERS.values()),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    st.integers(0, 4000),
)
def test_any_bytes_are_read_or_refused(seed: bytes, changes: list[tuple[int, int]], length: int) -> None:
    archive = bytearray(seed)
    for place, value in changes:
        archive[place % len(archive)] = value
    for start in range(0, len(archive), 512):
        if archive[start + 257 : start + 262] == b"ustar":
            archive[start + 148 : start + 156] = b" " * 8
            archive[start + 148 : start + 156] = b"%06o\0 " % sum(archive[start : start + 512])
    tar = reader(bytes(archive[: max(length, 512)]))
    try:
        for member in tar:
            taken = 0
            for run in tar.runs(member):
                taken += run.length if isinstance(run, Hole) else len(run)
            assert member.is_folder or taken == member.size
    except ArchiveError:
        pass
