"""Tests of stages/verify/lone.py; those of images with a record are in test_whole_set.py."""

import gzip
import shutil
from pathlib import Path

import pytest
from tests.unit.archives.tar_samples import END, file
from tests.unit.stages.verify.small_set import ARCHIVE, PARTS, flip, small_set

from imgkit.model.manifest import Outcome
from imgkit.stages.verify import check_file
from imgkit.stages.verify.links import ARCHIVE_INSIDE, AS_RECORDED, GUEST_VIEW, PARTS_CRC, SERVICE_CRC

DISK = b"boot".ljust(2 * 1024 * 1024, b"\0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_set(tmp_path)[0]


def test_an_archive_without_a_record_is_unpacked_in_memory(tmp_path: Path):
    lone = tmp_path / "a.tar.gz"
    lone.write_bytes(gzip.compress(file(DISK, b"system.raw") + END))
    links = {link.link: link.outcome for link in check_file(lone).links}
    assert links == {AS_RECORDED: Outcome.UNDETERMINED, ARCHIVE_INSIDE: Outcome.HELD}
    flip(lone, -3)
    assert [link.link for link in check_file(lone).of(Outcome.FAILED)] == [ARCHIVE_INSIDE]


def test_a_parts_file_beside_it_is_a_record(folder: Path, tmp_path: Path):
    for name in (ARCHIVE, PARTS):
        shutil.copy(folder / name, tmp_path)
    lone = tmp_path / Path(ARCHIVE).name
    assert check_file(lone).held
    assert {AS_RECORDED, PARTS_CRC, SERVICE_CRC} <= {link.link for link in check_file(lone).links}
    flip(lone, 40)
    assert {link.link for link in check_file(lone).of(Outcome.FAILED)} == {AS_RECORDED, PARTS_CRC}


def test_a_file_of_a_set_is_held_against_the_sets_manifest(folder: Path):
    assert [link.link for link in check_file(folder / "system.raw").links] == [GUEST_VIEW]
    assert check_file(folder / ARCHIVE).held
    flip(folder / "system.raw", 9)
    assert [link.link for link in check_file(folder / "system.raw").of(Outcome.FAILED)] == [GUEST_VIEW]
    assert check_file(folder / ARCHIVE).held
