"""A file held against the service, and made ready for mending."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from imgkit.digests import crc64
from imgkit.errors import AlreadyAtWork, Differs, ObjectChanged
from imgkit.files.lock import exclusive_lock
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import Outcome
from imgkit.stages.recheck import check_object, set_aside_damaged
from imgkit.transfer.journal import read_journal
from imgkit.transfer.parts_file import PartsRecord, parts_path_of, write_parts_file
from imgkit.transfer.places import Places

CONTENT = bytes(range(200)) * 10
PART = 300
INFO = ObjectInfo(bucket="bucket", key="k", size=2000, etag="E1", crc64=crc64(CONTENT))


@dataclass
class Source:
    """A service that only describes: whoever asks for bytes here is wrong."""

    info: ObjectInfo = INFO
    label: str = "oss://bucket/k"

    def describe(self) -> ObjectInfo:
        return self.info

    def open_range(self, start: int, length: int, *, etag: str) -> Any:
        raise AssertionError("nothing is to be fetched")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(target=tmp_path / "k", workspace=tmp_path / ".imgkit")
    made.target.write_bytes(CONTENT)
    write_parts_file(
        made.parts,
        PartsRecord(
            bucket="bucket",
            key="k",
            etag="E1",
            size=2000,
            part_bytes=PART,
            parts=tuple(crc64(CONTENT[start : start + PART]) for start in range(0, 2000, PART)),
            crc64=crc64(CONTENT),
            service_crc64=crc64(CONTENT),
            sha256="",
        ),
    )
    return made


def damage(path: Path, *offsets: int) -> None:
    content = bytearray(path.read_bytes())
    for offset in offsets:
        content[offset] ^= 1
    path.write_bytes(content)


def remove_parts(places: Places) -> None:
    places.parts.unlink()


def test_a_file_that_is_as_the_service_says_holds(places: Places) -> None:
    found = check_object(Source(), places.target)
    assert (found.outcome, found.crc64, found.size, found.differing) == (Outcome.HELD, crc64(CONTENT), 2000, ())


def test_without_a_parts_file_the_service_can_still_be_asked(places: Places) -> None:
    remove_parts(places)
    assert check_object(Source(), places.target).outcome is Outcome.HELD
    damage(places.target, 5)
    found = check_object(Source(), places.target)
    assert (found.outcome, found.differing, found.part_count) == (Outcome.FAILED, (), 0)
    assert f"where the service names {crc64(CONTENT)}" in found.detail


def test_the_parts_that_differ_are_named(places: Places) -> None:
    damage(places.target, 5, 301, 302, 1999)
    found = check_object(Source(), places.target)
    assert (found.outcome, found.differing, found.part_count) == (Outcome.FAILED, (0, 1, 6), 7)
    assert "3 of 7 parts differ (bytes 0-299, bytes 300-599, bytes 1800-1999)" in found.detail


@pytest.mark.parametrize("size", [0, 1999, 2001])
def test_a_file_of_another_size_differs(places: Places, size: int) -> None:
    with places.target.open("r+b") as file:
        file.truncate(size)
    found = check_object(Source(), places.target)
    assert found.outcome is Outcome.FAILED
    assert f"it has {size} bytes and not 2000" in found.detail


def test_a_damaged_parts_file_is_said_and_not_believed(places: Places) -> None:
    places.parts.write_text("{}")
    found = check_object(Source(), places.target)
    assert found.outcome is Outcome.HELD
    assert "k.parts.json is no intact" in found.notes[0]


def test_what_is_not_here_is_not_called_different(places: Places) -> None:
    places.target.unlink()
    found = check_object(Source(), places.target)
    assert (found.outcome, found.is_here) == (Outcome.UNDETERMINED, False)


@pytest.mark.parametrize(
    ("change", "detail"),
    [(lambda _: None, "it is as it was downloaded"), (remove_parts, "names no CRC-64 for it")],
    ids=["with its parts file", "without"],
)
def test_where_the_service_names_no_crc_nobody_can_tell(
    places: Places, change: Callable[[Places], None], detail: str
) -> None:
    change(places)
    found = check_object(Source(replace(INFO, crc64=None)), places.target)
    assert found.outcome is Outcome.UNDETERMINED
    assert detail in found.detail


def test_even_then_damage_since_the_download_is_seen(places: Places) -> None:
    damage(places.target, 700)
    found = check_object(Source(replace(INFO, crc64=None)), places.target)
    assert (found.outcome, found.differing) == (Outcome.FAILED, (2,))


def test_an_object_that_was_replaced_is_told_apart_from_damage(places: Places) -> None:
    other = replace(INFO, etag="E2", crc64=77)
    found = check_object(Source(other), places.target)
    assert (found.outcome, found.was_replaced) == (Outcome.FAILED, True)
    assert "another object now" in found.detail
    with pytest.raises(ObjectChanged, match="cannot be mended"):
        set_aside_damaged(Source(other), places.target, workspace=places.workspace)
    assert places.target.read_bytes() == CONTENT


def test_the_same_bytes_under_another_etag_hold(places: Places) -> None:
    assert check_object(Source(replace(INFO, etag="E2")), places.target).outcome is Outcome.HELD


def test_an_empty_object_holds(places: Places) -> None:
    remove_parts(places)
    places.target.write_bytes(b"")
    assert check_object(Source(replace(INFO, size=0, crc64=0)), places.target).outcome is Outcome.HELD


def test_a_file_that_holds_is_not_set_aside(places: Places) -> None:
    assert set_aside_damaged(Source(), places.target, workspace=places.workspace).outcome is Outcome.HELD
    assert places.target.exists()


def test_a_damaged_file_is_set_aside_with_its_sound_parts_claimed(places: Places) -> None:
    damage(places.target, 5, 1999)
    set_aside_damaged(Source(replace(INFO, etag="E2")), places.target, workspace=places.workspace)
    saved = read_journal(places.journal)
    assert saved is not None
    assert (saved.facts.etag, sorted(saved.claims)) == ("E2", [1, 2, 3, 4, 5])
    assert not places.target.exists()
    assert places.partial.exists()


def test_where_nobody_knows_which_parts_differ_nothing_is_touched(places: Places) -> None:
    remove_parts(places)
    damage(places.target, 5)
    with pytest.raises(Differs, match=r"without a sound k.parts.json") as raised:
        set_aside_damaged(Source(), places.target, workspace=places.workspace)
    assert "Move it away" in raised.value.hint
    assert places.target.exists()


def test_two_runs_do_not_mend_the_same_file(places: Places) -> None:
    places.make_folders()
    with exclusive_lock(places.lock, what="k"), pytest.raises(AlreadyAtWork):
        set_aside_damaged(Source(), places.target, workspace=places.workspace)


def test_the_parts_file_is_found_beside_the_object(places: Places) -> None:
    assert parts_path_of(places.target) == places.parts
