"""A damaged file becomes an unfinished download that lacks its damaged parts."""

import os
from pathlib import Path

import pytest

from imgkit.digests import crc64
from imgkit.errors import NotAccessible
from imgkit.transfer.journal import PartRecord, PinnedFacts, read_journal
from imgkit.transfer.parts_file import PartsRecord, PartsVerdict, verify_file
from imgkit.transfer.places import Places
from imgkit.transfer.salvage import set_aside

CONTENT = bytes(range(35))
FACTS = PinnedFacts(size=35, etag="E1", crc64=crc64(CONTENT), part_bytes=10)
CRCS = tuple(crc64(CONTENT[start : start + 10]) for start in range(0, 35, 10))
RECORD = PartsRecord(
    bucket="b",
    key="k",
    etag="E1",
    size=35,
    part_bytes=10,
    parts=CRCS,
    crc64=crc64(CONTENT),
    service_crc64=None,
    sha256="",
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(target=tmp_path / "k", workspace=tmp_path / ".imgkit")
    damaged = bytearray(CONTENT)
    damaged[12] ^= 1
    made.target.write_bytes(damaged)
    return made


def verdict(places: Places) -> PartsVerdict:
    return verify_file(places.target, RECORD)


def test_sound_parts_are_claimed_and_the_file_loses_its_name(places: Places) -> None:
    before = places.target.read_bytes()
    set_aside(places, FACTS, verdict(places))
    saved = read_journal(places.journal)
    assert saved is not None
    assert saved.facts == FACTS
    assert saved.claims == {
        number: PartRecord(number, FACTS.plan.part(number).length, CRCS[number]) for number in (0, 2, 3)
    }
    assert not places.target.exists()
    assert places.partial.read_bytes() == before


def test_what_was_left_of_an_earlier_download_is_gone(places: Places) -> None:
    places.make_folders()
    places.journal.write_text("old")
    places.partial.write_text("old")
    set_aside(places, FACTS, verdict(places))
    assert places.partial.stat().st_size == 35


def test_killed_before_the_rename_the_file_stands_where_it_was(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdict(places)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    monkeypatch.setattr("imgkit.transfer.salvage.begin_journal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        set_aside(places, FACTS, found)
    assert places.target.stat().st_size == 35


def test_a_file_with_other_names_is_left_alone(places: Places, tmp_path: Path) -> None:
    os.link(places.target, tmp_path / "another name")
    with pytest.raises(NotAccessible, match="hard links") as raised:
        set_aside(places, FACTS, verdict(places))
    assert "reflink" in raised.value.hint
    assert places.target.exists()


def test_a_link_is_left_alone(places: Places, tmp_path: Path) -> None:
    found = verdict(places)
    places.target.rename(tmp_path / "elsewhere")
    places.target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotAccessible, match="no plain file"):
        set_aside(places, FACTS, found)
    assert (tmp_path / "elsewhere").exists()
