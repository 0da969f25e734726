from dataclasses import replace

import pytest
from tests.unit.render.sample_report import SYSTEM, make_report, make_storage, make_system

from imgkit.model.contents import Holding
from imgkit.model.fact import Fact
from imgkit.model.identity import OperatingSystem
from imgkit.model.report import DataDisk, DataFileSystem, Diagnostic, DiagnosticLevel, SystemReport
from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, FileSystem, Journal, Pool, Storage, TableKind, unknown_content
from imgkit.render.columns import display_width
from imgkit.render.terminal import SUMMARY_LINES, render_summary, system_title, usage_words

SUMMARY = render_summary(make_report(), width=110)


@pytest.mark.parametrize(
    "words",
    [
        "SYSTEM on system:1: Alibaba Cloud Linux 3.2104 U10, x86_64",
        "time zone   Asia/Shanghai",
        "kernels     5.10.134, 5.4.0 (no image, no initramfs)",
        "packages    1 (rpm, incomplete), apk: could not be determined",
        "users with a login shell: 2 of 3",
        "password set (sha512crypt)",
        "NO PASSWORD ASKED",
        "NOT FOUND: disk xvdd is not in this set",
        "[###.....]  33 % 6 GiB of 18 GiB",
        "could not be determined: bad superblock",
        "/dev/vg/data",
        "NOT IN THIS SET",
        "at least 2 files, 3 MiB",
        "user id 0 is shared",
        "INCOMPLETE: 1 question left open",
    ],
)
def test_the_summary_tells_what_matters(words):
    assert words in SUMMARY


def test_nothing_dangerous_reaches_the_terminal():
    assert not any(ord(sign) < 32 and sign != "\n" for sign in SUMMARY)
    assert not set("\x1b\x9b\u202e") & set(SUMMARY)
    assert "a\\x1b[2Jb\\u202ec\\x0a\\xffd" in SUMMARY


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(display_width, render_summary(make_report(), width=width).splitlines())) <= width


def test_it_stays_short_however_much_there_is_and_keeps_the_open_questions():
    many = Fact.present((make_system().accounts.users.value or ()) * 50, sources=())
    system = replace(make_system(), accounts=replace(make_system().accounts, users=many))
    questions = tuple(
        Diagnostic(subject=f"s{number}", level=DiagnosticLevel.UNDETERMINED, message="open") for number in range(50)
    )
    lines = render_summary(replace(make_report(), systems=(system,) * 9, diagnostics=questions)).splitlines()
    assert len(lines) <= SUMMARY_LINES
    assert "COULD NOT BE DETERMINED" in lines
    assert lines[-1] == "  … and 45 more"


def test_a_report_without_open_questions_says_so():
    report = replace(make_report(), missing_disks=(), diagnostics=())
    assert "everything could be determined" in render_summary(report)
    assert "INCOMPLETE" not in render_summary(report)


def test_what_a_journal_still_holds_is_said_in_the_first_line():
    report = replace(make_report(), missing_disks=(), diagnostics=())
    first, *others = report.storage.file_systems
    waiting = replace(report.storage, file_systems=(replace(first, journal=Journal.PENDING), *others))
    line = render_summary(replace(report, storage=waiting)).splitlines()[0]
    assert line.endswith(f"; JOURNAL UNREAD: {first.place}")


def test_a_missing_disk_alone_is_a_question_left_open():
    assert "INCOMPLETE" in render_summary(replace(make_report(), diagnostics=()))


def with_os(fact: Fact[OperatingSystem]) -> SystemReport:
    return replace(make_system(), identity=replace(make_system().identity, os=fact))


def test_a_system_without_a_release_has_its_pretty_name():
    found = OperatingSystem(name="Arch Linux", pretty_name="Arch Linux (rolling)")
    assert system_title(with_os(Fact.present(found, sources=()))) == "Arch Linux (rolling)"


def test_a_system_that_nobody_could_identify_is_not_one_that_has_no_name():
    unknown = with_os(Fact.undetermined("torn"))
    nameless = with_os(Fact.absent())
    assert system_title(unknown) != system_title(nameless)
    assert "could not be determined" in system_title(unknown)


def test_room_kept_for_root_does_not_make_a_file_system_look_emptier():
    full = FileSystem(place="x", roles=(SYSTEM,), type="ext4", size_bytes=100, used_bytes=95, free_bytes=0)
    assert "100 %" in usage_words(full)


def test_swap_has_no_usage():
    assert usage_words(FileSystem(place="x", roles=(SYSTEM,), type="swap", size_bytes=100)) == ""


def test_disks_alone_are_a_summary_too():
    report = replace(make_report(), systems=(), data_disks=(), storage=make_storage())
    assert render_summary(report).startswith("3 disks, 0 operating systems")


def test_what_stands_out_comes_before_the_notes():
    remark = Diagnostic(subject="systems/x/cron", level=DiagnosticLevel.REMARK, message="runs something in /tmp")
    report = make_report()
    lines = render_summary(replace(report, diagnostics=(*report.diagnostics, remark))).splitlines()
    assert lines.index("STANDS OUT") < lines.index("NOTES") < lines.index("COULD NOT BE DETERMINED")
    assert "  x/cron: runs something in /tmp" in lines


def test_what_is_not_there_takes_one_line_for_all():
    system = make_system()
    assert system.containers is not None
    nothing = replace(
        system.containers, engines=Fact.absent(), containers=Fact.absent(), images=Fact.absent(), pods=Fact.absent()
    )
    summary = render_summary(replace(make_report(), systems=(replace(system, containers=nothing, logs=None),)))
    (line,) = (line for line in summary.splitlines() if line.startswith("  not there"))
    assert "containers" in line
    assert "logs" not in line  # it was not asked for
    assert "none" not in line


WHOLE = FileSystem(place="system", roles=(SYSTEM,), type="ext4", size_bytes=100)
DISK = Disk(role=SYSTEM, device="system", size_bytes=2**20, table=TableKind.NONE)


@pytest.mark.parametrize(
    ("storage", "file_systems", "words"),
    [
        (
            Storage(disks=(DISK,), file_systems=(WHOLE,)),
            (DataFileSystem(place="system", roles=(SYSTEM,)),),
            "whole disk",
        ),
        (Storage(disks=(DISK,), blank=("system",)), (), "blank"),
        (Storage(disks=(DISK,), undetermined=(unknown_content("system"),)), (), "no file system that could be read"),
    ],
)
def test_a_system_disk_without_a_system_is_told_by_what_is_on_it(storage, file_systems, words):
    data = (DataDisk(role=SYSTEM, file_systems=file_systems),)
    report = replace(make_report(), storage=storage, systems=(), missing_disks=(), data_disks=data, diagnostics=())
    lines = render_summary(report).splitlines()
    line = lines[lines.index("DISKS WITHOUT AN OPERATING SYSTEM") + 1]
    assert line.split(None, 1) == ["system", words]


@pytest.mark.parametrize(("count", "words"), [(4, "kind 3"), (5, "kind 3, and 1 more")])
def test_that_a_disk_holds_more_than_is_named_is_said(count, words):
    held = tuple(Holding(kind=f"kind {number}", path=b"/") for number in range(count))
    report = make_report()
    (found,) = (one for disk in report.data_disks for one in disk.file_systems if one.contents and one.contents.value)
    assert found.contents is not None
    assert found.contents.value is not None
    fact = replace(found.contents, value=replace(found.contents.value, holdings=held))
    data = (DataDisk(role=SYSTEM, file_systems=(replace(found, contents=fact),)),)
    assert f"kind 0, kind 1, kind 2, {words}\n" in render_summary(replace(report, data_disks=data)) + "\n"


def test_a_disk_of_which_nobody_knows_what_it_holds_is_told_from_a_blank_one():
    storage = Storage(disks=(DISK,), undetermined=(unknown_content("system"),))
    lines = render_summary(replace(make_report(), storage=storage, missing_disks=())).splitlines()
    assert lines[lines.index("DISKS") + 1].split() == ["system", "1", "MiB", "holds", "nothing", "known"]


def test_a_pool_over_two_disks_is_named_and_its_data_sets_are_shown_once():
    pool = Pool(place="zfs:p", name="p", uuid="7", state="ONLINE", members=("system", "xvdb"), missing_disks=1)
    both = (SYSTEM, DiskRole("xvdb"))
    held = (DataFileSystem(place="zfs:p/a", roles=both), DataFileSystem(place="zfs:p/b", roles=both))
    data = tuple(DataDisk(role=role, file_systems=held) for role in both)
    disks = (DISK, replace(DISK, role=both[1], device="xvdb"))
    report = replace(make_report(), storage=Storage(disks=disks, pools=(pool,)), systems=(), data_disks=data)
    lines = [" ".join(line.split()) for line in render_summary(report).splitlines()]
    assert "zfs:p pool, ONLINE on 2 disks, 1 MISSING" in lines
    at = lines.index("DISKS WITHOUT AN OPERATING SYSTEM")
    assert lines[at + 1 : at + 4] == ["system zfs:p/a", "system zfs:p/b", "xvdb a part of what stands above"]
