from dataclasses import replace
from typing import cast

from tests.unit.render.sample_report import make_system

from imgkit.model.fact import Fact
from imgkit.model.mounts import CryptEntry, EntryState, Mounts, MountUnit
from imgkit.render.tables_mounts import mount_tables

MOUNTS = cast("Mounts", make_system().mounts)


def test_only_what_is_there_becomes_a_table():
    assert [title for title, _, _ in mount_tables(MOUNTS, " of x")] == ["ARRAYS of x: 1"]


def test_what_was_not_found_says_why():
    unit = MountUnit(path=b"/u", what="a", where="/d", type="ext4", options="", state=EntryState.ELSEWHERE)
    crypt = CryptEntry(line=1, name="n", device="d", key="none", options=(), state=EntryState.UNRESOLVED, reason="gone")
    found = replace(MOUNTS, units=Fact.present((unit,), sources=()), encrypted=Fact.present((crypt,), sources=()))
    units, encrypted, _ = mount_tables(found, "")
    assert units[2] == [("/d", "a", "ext4", "not on a disk", "/u")]
    assert encrypted[2] == [("n", "d", "none", "NOT FOUND: gone")]
