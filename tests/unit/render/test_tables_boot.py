from dataclasses import replace
from typing import cast

from tests.unit.render.sample_report import make_system

from imgkit.model.boot import Boot
from imgkit.model.fact import Fact
from imgkit.render.tables_boot import boot_tables, boot_words

BOOT = cast("Boot", make_system().boot)


def test_every_table_says_how_many():
    titles = [title for title, _, _ in boot_tables(BOOT, " of x")]
    assert titles == [
        "STARTS BY of x: BIOS",
        "LOADERS of x: 1",
        "BOOT ENTRIES of x: 1",
        "DRIVERS of x: 1",
        "BOOT CHECKS of x: 2",
    ]


def test_the_summary_names_what_failed():
    assert boot_words(BOOT) == "BIOS; grub2; 1 of 2 checks FAILED: NVMe disk with 5.10.134"
    passed = replace(BOOT, checks=Fact.present((BOOT.checks.value or ())[:1], sources=()))
    assert boot_words(passed) == "BIOS; grub2; the one check passed"


def test_nothing_known_is_said():
    unknown = replace(BOOT, modes=Fact.undetermined("torn"), loaders=Fact.absent(), checks=Fact.absent())
    assert boot_words(unknown) == "could not be determined (torn); no loader's configuration"
    bare = replace(unknown, modes=Fact.absent(), loaders=Fact.undetermined("torn"))
    assert boot_words(bare) == "neither BIOS nor UEFI is told by the disk; loader could not be determined (torn)"
