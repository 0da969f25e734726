from dataclasses import replace

import pytest
from tests.unit.render.sample_report import make_report, make_system

from imgkit.model.fact import Fact
from imgkit.render.columns import display_width
from imgkit.render.terminal_tables import render_tables

TABLES = render_tables(make_report(), width=160)


@pytest.mark.parametrize(
    "words",
    [
        "FILE SYSTEMS",
        "USERS of system:1 (Alibaba Cloud Linux 3.2104 U10): 3",
        "GROUPS of system:1 (Alibaba Cloud Linux 3.2104 U10): 1",
        "defaults,nofail",
        "/boot/initramfs-5.10.134\\xff.img",
        "0:4.4-4.al8",
        "阿里云",
        "DPKG PACKAGES of system:1 (Alibaba Cloud Linux 3.2104 U10): none (there is no dpkg database)",
        "RPM PACKAGES of system:1 (Alibaba Cloud Linux 3.2104 U10): 1, incomplete",
        "APK PACKAGES of system:1 (Alibaba Cloud Linux 3.2104 U10): could not be determined (bad sector)",
        "CONTENTS of xvdb:1: could not be determined (bad superblock)",
        "LARGEST FILES of /dev/vg/data, as far as the walk went",
        "back\\xffup",
        "DIAGNOSTICS (2)",
    ],
)
def test_every_list_is_there_whole(words):
    assert words in TABLES


def test_an_empty_list_is_not_called_none():
    empty = replace(make_system().packages, dpkg=Fact.present((), sources=()))
    report = replace(make_report(), systems=(replace(make_system(), packages=empty),))
    assert "DPKG PACKAGES of system:1 (Alibaba Cloud Linux 3.2104 U10): 0\n" in render_tables(report)


def test_where_no_file_system_is_that_is_said_and_no_title_stands_alone():
    bare = replace(make_report(), storage=replace(make_report().storage, file_systems=()))
    assert render_tables(bare).startswith("FILE SYSTEMS: none that could be read\n")
    assert TABLES.startswith("FILE SYSTEMS\n")


def test_nothing_dangerous_reaches_the_terminal():
    assert not any(ord(sign) < 32 and sign != "\n" for sign in TABLES)
    assert not set("\x1b\x9b\u202e") & set(TABLES)


@pytest.mark.parametrize("width", [60, 100])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(display_width, render_tables(make_report(), width=width).splitlines())) <= width


def test_a_file_system_over_two_disks_has_its_tables_once():
    first, second = make_report().data_disks
    twice = replace(make_report(), data_disks=(first, second, replace(first, file_systems=second.file_systems)))
    assert render_tables(twice) == render_tables(make_report())


def test_lists_of_contents_without_a_row_are_no_tables():
    disk = make_report().data_disks[1]
    (held,) = disk.file_systems
    assert held.contents is not None
    assert held.contents.value is not None
    nothing = replace(held.contents.value, whole=True, top=(), large_folders=(), holdings=(), kinds=(), largest=())
    empty = replace(disk, file_systems=(replace(held, contents=replace(held.contents, value=nothing)),))
    told = render_tables(replace(make_report(), data_disks=(empty,)))
    assert "CONTENTS of /dev/vg/data: none\n" in told
    assert told.count("of /dev/vg/data") == 1
