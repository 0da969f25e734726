"""The journal: what was written is read, what was damaged is not believed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.errors import NotAccessible
from imgkit.transfer.journal import PartRecord, PinnedFacts, begin_journal, continue_journal, read_journal

FACTS = PinnedFacts(size=1000, etag='E"1 #x', crc64=2**64 - 1, part_bytes=100, origin="oss://b/ключ")
records = st.builds(PartRecord, st.integers(0, 9), st.integers(1, 100), st.integers(0, 2**64 - 1))


def written(folder: Path, *batches: list[PartRecord], facts: PinnedFacts = FACTS) -> Path:
    path = folder / "disk.journal"
    journal = begin_journal(path, facts)
    for batch in batches:
        journal.append(batch)
    journal.close()
    return path


def last_claims(many: list[PartRecord]) -> dict[int, PartRecord]:
    return {one.number: one for one in many}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


@settings(deadline=None, max_examples=40)  # each example is synced to disk
@given(many=st.lists(records, max_size=20))
def test_the_last_record_of_each_part_is_read_back(folder: Path, many: list[PartRecord]) -> None:
    saved = read_journal(written(folder, many))
    assert saved is not None
    assert (saved.facts, saved.claims, saved.spoilt_lines) == (FACTS, last_claims(many), 0)


@settings(deadline=None, max_examples=40)  # each example is synced to disk
@given(many=st.lists(records, min_size=1, max_size=8), lost=st.integers(1, 400))
def test_a_torn_tail_costs_only_what_was_torn(folder: Path, many: list[PartRecord], lost: int) -> None:
    path = written(folder, many)
    content = path.read_bytes()
    header = content.index(b"\n") + 1
    path.write_bytes(content[: max(len(content) - lost, header)])
    whole = path.read_bytes()[header:].count(b"\n")
    saved = read_journal(path)
    assert saved is not None
    assert saved.claims == last_claims(many[:whole])


@settings(deadline=None, max_examples=40)  # each example is synced to disk
@given(many=st.lists(records, min_size=2, max_size=6, unique_by=lambda one: one.number), data=st.data())
def test_a_damaged_record_costs_only_its_own_part(folder: Path, many: list[PartRecord], data: st.DataObject) -> None:
    path = written(folder, many)
    lines = path.read_bytes().splitlines(keepends=True)
    hit = data.draw(st.integers(1, len(many)))
    place = data.draw(st.integers(0, len(lines[hit]) - 2))
    flipped = bytearray(lines[hit])
    flipped[place] ^= data.draw(st.sampled_from([1, 2, 4, 128]))
    path.write_bytes(b"".join([*lines[:hit], bytes(flipped), *lines[hit + 1 :]]))
    saved = read_journal(path)
    assert saved is not None
    assert saved.claims == last_claims([one for number, one in enumerate(many, 1) if number != hit])
    assert saved.spoilt_lines >= 1


def test_a_record_behind_a_torn_one_is_not_lost(tmp_path: Path) -> None:
    path = written(tmp_path, [PartRecord(1, 100, 11)])
    path.write_bytes(path.read_bytes() + b"part 2 10")
    journal = continue_journal(path, FACTS)
    journal.append([PartRecord(3, 100, 33)])
    journal.close()
    saved = read_journal(path)
    assert saved is not None
    assert set(saved.claims) == {1, 3}


def test_zeroes_in_the_middle_cost_only_what_they_cover(tmp_path: Path) -> None:
    path = written(tmp_path, [PartRecord(1, 100, 11)], [PartRecord(2, 100, 22)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + bytes(len(lines[1]) - 1) + b"\n" + lines[2])
    saved = read_journal(path)
    assert saved is not None
    assert set(saved.claims) == {2}


def test_a_record_of_another_journal_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    foreign = PinnedFacts(size=1000, etag="other", crc64=None, part_bytes=100)
    stray = written(tmp_path / "other", [PartRecord(4, 100, 44)], facts=foreign).read_bytes().splitlines(True)[1]
    path = written(tmp_path, [PartRecord(1, 100, 11)])
    path.write_bytes(path.read_bytes() + stray)
    saved = read_journal(path)
    assert saved is not None
    assert set(saved.claims) == {1}


def test_a_record_of_length_nothing_takes_an_earlier_one_back(tmp_path: Path) -> None:
    saved = read_journal(written(tmp_path, [PartRecord(1, 100, 11), PartRecord(1, 0, 0)]))
    assert saved is not None
    assert saved.claims == {}


@pytest.mark.parametrize("record", [PartRecord(10, 1, 1), PartRecord(0, 101, 1)])
def test_a_record_beyond_the_object_is_not_believed(tmp_path: Path, record: PartRecord) -> None:
    saved = read_journal(written(tmp_path, [record]))
    assert saved is not None
    assert saved.claims == {}


def test_a_journal_without_a_crc_keeps_that_it_has_none(tmp_path: Path) -> None:
    facts = PinnedFacts(size=1, etag="E", crc64=None, part_bytes=1)
    saved = read_journal(written(tmp_path, facts=facts))
    assert saved is not None
    assert saved.facts == facts


def test_no_journal_is_no_work(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none") is None


@pytest.mark.parametrize("content", [b"", b"\0" * 300, b"imgkit/journal/1 {} #00000000\n", b"imgkit/journal/2 {}"])
def test_a_damaged_header_is_no_work(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    assert read_journal(tmp_path / "bad") is None


def test_a_journal_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotAccessible, match="cannot read the journal"):
        read_journal(tmp_path / "folder")
