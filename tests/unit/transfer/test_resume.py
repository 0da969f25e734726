"""Going on, or beginning."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from imgkit.errors import NoRoom, ObjectChanged
from imgkit.model.cloud_object import ObjectInfo
from imgkit.transfer.journal import PartRecord
from imgkit.transfer.places import Places
from imgkit.transfer.resume import open_work, pin_object
from imgkit.transfer.settings import TransferSettings
from imgkit.units import KiB

INFO = ObjectInfo(bucket="bucket", key="disk.gz", size=200_000, etag="E1", crc64=7)
SMALL = TransferSettings(part_bytes=64 * KiB)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(target=tmp_path / "disk.gz", workspace=tmp_path / ".imgkit")
    made.make_folders()
    return made


def begin(places: Places, info: ObjectInfo = INFO) -> None:
    with open_work(info, places, SMALL) as work:
        work.journal.append([PartRecord(1, 64 * KiB, 11)])


def test_a_second_run_finds_the_claims_of_the_first(places: Places) -> None:
    begin(places)
    with open_work(INFO, places, SMALL) as work:
        assert set(work.saved.claims) == {1}


def test_the_journal_keeps_its_part_size(places: Places) -> None:
    begin(places)
    with open_work(INFO, places, TransferSettings(part_bytes=100 * KiB)) as work:
        assert work.saved.facts.part_bytes == 64 * KiB


def test_without_the_unfinished_file_all_begins_anew(places: Places) -> None:
    begin(places)
    places.partial.unlink()
    with open_work(INFO, places, SMALL) as work:
        assert work.saved.claims == {}


def test_without_the_journal_old_bytes_are_not_kept(places: Places) -> None:
    places.partial.write_bytes(b"of another object")
    with open_work(INFO, places, SMALL):
        assert places.partial.read_bytes() == bytes(INFO.size)


def test_damaged_records_are_told(places: Places, caplog: pytest.LogCaptureFixture) -> None:
    begin(places)
    places.journal.write_bytes(places.journal.read_bytes() + b"garbage\n")
    with open_work(INFO, places, SMALL):
        pass
    assert "1 records are damaged" in caplog.text


@pytest.mark.parametrize("change", [{"etag": "E2"}, {"size": 200_001}, {"crc64": 8}])
def test_another_object_under_the_same_name_is_refused(places: Places, change: dict[str, object]) -> None:
    begin(places)
    with pytest.raises(ObjectChanged, match=r"^the object is no longer the object") as raised:
        pin_object(replace(INFO, **change), places, label="the object")  # type: ignore[arg-type]  # fields by name
    assert "disk.gz.journal" in raised.value.hint


def test_an_object_seen_for_the_first_time_is_pinned_as_it_is(places: Places) -> None:
    assert pin_object(INFO, places, label="the object") is INFO


def test_a_crc_named_once_is_not_forgotten(places: Places) -> None:
    begin(places)
    assert pin_object(replace(INFO, crc64=None), places, label="the object").crc64 == 7


def test_a_crc_named_later_counts(places: Places) -> None:
    begin(places, replace(INFO, crc64=None))
    assert pin_object(INFO, places, label="the object").crc64 == 7


def test_a_rest_that_cannot_fit_is_refused_at_once(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(f_blocks=10, f_bavail=0, f_frsize=4096)
    monkeypatch.setattr("os.fstatvfs", lambda _: full)
    with pytest.raises(NoRoom, match="200000 bytes"), open_work(INFO, places, SMALL):
        pass


def test_a_damaged_journal_is_said_and_believed_in_nothing(places: Places, caplog: pytest.LogCaptureFixture) -> None:
    begin(places)
    places.journal.write_bytes(b"\0" * 100)
    assert pin_object(INFO, places, label="the object") is INFO
    assert "all is fetched anew" in caplog.text
