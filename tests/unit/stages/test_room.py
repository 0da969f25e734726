"""Tests of stages/room.py."""

from pathlib import Path

import pytest

from imgkit.errors import FormatCannotHold, NoRoom
from imgkit.files.abilities import Abilities
from imgkit.model.formats import DiskFormat
from imgkit.model.preflight import Finding, PlannedDisk, Severity
from imgkit.model.role import DiskRole
from imgkit.stages.room import certain_bytes, examine_room, worst_bytes
from imgkit.units import GiB, TiB

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
KNOWN = PlannedDisk(role=DiskRole(), virtual_bytes=40 * GiB, archive_bytes=3 * GiB)


def _abilities(
    free: int = 100 * TiB, *, holes: bool = True, largest: int = 16 * TiB, renames: bool = True
) -> Abilities:
    return Abilities(
        folder=Path("/target"),
        free_bytes=free,
        holds_holes=holes,
        largest_file_bytes=largest,
        too_large_bytes=largest + 1,
        renames_atomically=renames,
    )


def _rules(findings: list[Finding], severity: Severity) -> list[str]:
    return [each.rule for each in findings if each.severity is severity]


def test_what_is_certain_counts_archive_raw_and_each_copy():
    assert certain_bytes(_abilities(), [KNOWN], [RAW]) == 6 * GiB
    assert certain_bytes(_abilities(), [KNOWN], [QCOW2, VHD]) == 12 * GiB


def test_without_holes_the_whole_raw_disk_is_certain():
    assert certain_bytes(_abilities(holes=False), [KNOWN], [RAW]) == 43 * GiB


def test_the_worst_is_disks_without_a_zero():
    assert worst_bytes([KNOWN], [RAW]) == 43 * GiB
    unknown = PlannedDisk(role=DiskRole(), virtual_bytes=40 * GiB)
    assert worst_bytes([unknown], [QCOW2]) == 120 * GiB


@pytest.mark.parametrize(
    ("free", "severity"), [(5 * GiB, Severity.REFUSAL), (10 * GiB, Severity.WARNING), (50 * GiB, Severity.HELD)]
)
def test_room_is_refused_warned_of_or_enough(free, severity):
    findings = list(examine_room(_abilities(free), [KNOWN], [RAW]))
    assert "room" in _rules(findings, severity)


def test_what_is_there_already_is_not_needed_again():
    findings = list(examine_room(_abilities(4 * GiB), [KNOWN], [RAW], have_bytes=3 * GiB))
    assert not _rules(findings, Severity.REFUSAL)


def test_no_room_has_its_error_and_names_both_figures():
    refusal = next(each for each in examine_room(_abilities(5 * GiB), [KNOWN], [RAW]) if each.error)
    assert isinstance(refusal.error, NoRoom)
    assert "5 GiB" in refusal.words
    assert "6 GiB" in refusal.words


def test_a_file_system_with_small_files_is_refused_at_the_start():
    findings = list(examine_room(_abilities(largest=4 * GiB - 1), [KNOWN], [RAW]))
    assert _rules(findings, Severity.REFUSAL) == ["largest file"]


def test_a_vhd_above_2040_gib_is_refused():
    large = PlannedDisk(role=DiskRole("xvdb"), virtual_bytes=2041 * GiB)
    findings = [each for each in examine_room(_abilities(), [large], [VHD]) if each.error]
    assert isinstance(findings[0].error, FormatCannotHold)
    assert not [each for each in examine_room(_abilities(), [large], [QCOW2]) if each.error]


def test_a_file_system_that_lacks_abilities_is_warned_of():
    findings = list(examine_room(_abilities(holes=False, renames=False), [KNOWN], [RAW]))
    assert set(_rules(findings, Severity.WARNING)) == {"holes", "rename"}
