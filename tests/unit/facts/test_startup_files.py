import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import File, Link, Shut, guest_with

from imgkit.facts import startup_files
from imgkit.facts.startup_files import read_startup_files
from imgkit.model.fact import FactState

PASSWD = "root:x:0:0::/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh\n"


def test_a_file_is_told_with_its_kind_rights_and_digest():
    script = File(b"#!/bin/sh\n", mode=0o755, modified_ns=10**18)
    found = held(read_startup_files(guest_with({"/etc/cron.daily/x": script})))[0]
    assert (found.kind, found.path, found.mode, found.uid) == ("cron.daily", b"/etc/cron.daily/x", "rwxr-xr-x", 0)
    assert found.sha256 == hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    assert found.modified == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


def test_a_large_program_is_told_with_the_digest_of_all_of_it_and_leaves_nothing_out():
    program = b"\x7fELF\0" + b"x" * 3_000_000
    fact = read_startup_files(guest_with({"/usr/lib/systemd/system-generators/podman": File(program, mode=0o755)}))
    assert held(fact)[0].sha256 == hashlib.sha256(program).hexdigest()
    assert (fact.partial, fact.sources[0].size, fact.sources[0].truncated) == (False, len(program), False)


def test_a_text_that_is_too_long_is_looked_at_in_part_and_that_is_said():
    fact = read_startup_files(guest_with({"/etc/profile.d/x.sh": "# x\n" * 400_000}))
    assert fact.notes == ("of /etc/profile.d/x.sh only the first 1048576 bytes were looked at",)
    assert fact.partial
    assert held(fact)[0].sha256 == hashlib.sha256(b"# x\n" * 400_000).hexdigest()


def test_files_of_shells_are_found_of_the_system_and_of_users():
    files = {
        "/etc/passwd": PASSWD,
        "/etc/profile.d/a.sh": "x",
        "/root/.bashrc": "x",
        "/home/eve/.config/fish/config.fish": "x",
        "/home/eve/.ssh/rc": "x",
        "/home/eve/other": "x",
    }
    found = {one.path: one.kind for one in held(read_startup_files(guest_with(files)))}
    assert found == {
        b"/etc/profile.d/a.sh": "shell of log-ins",
        b"/home/eve/.config/fish/config.fish": "shell of a user",
        b"/home/eve/.ssh/rc": "SSH log-in",
        b"/root/.bashrc": "shell of a user",
    }


def test_lines_that_stand_out_are_named_and_comments_are_none():
    files = {"/etc/passwd": PASSWD, "/etc/rc.local": "#!/bin/sh\n# /tmp/x\n/tmp/.y &\nsleep 1\n"}
    (words,) = read_startup_files(guest_with(files)).remarks
    assert words.startswith("start of the system: /etc/rc.local line 3 names something in /tmp, /var/tmp or /dev/shm")
    assert words.endswith(" and names a hidden file: /tmp/.y &")


def test_what_others_may_change_stands_out_but_ones_own_file_does_not():
    files = {
        "/etc/passwd": PASSWD,
        "/etc/profile.d/a.sh": File(b"", mode=0o777),
        "/home/eve/.bashrc": File(b"", uid=1000),
        "/etc/systemd/system-generators/g": File(b"\x7fELF\0\0"),
    }
    assert read_startup_files(guest_with(files)).remarks == (
        "shell of log-ins: /etc/profile.d/a.sh: everyone may write it",
        "systemd generator: /etc/systemd/system-generators/g: not where packages put them",
        "systemd generator: /etc/systemd/system-generators/g is no text",
    )


def test_a_link_tells_where_it_leads_and_a_shut_file_is_there_too():
    fact = read_startup_files(guest_with({"/etc/rc.local": Link(b"/nowhere"), "/etc/profile": Shut("torn")}))
    profile, local = held(fact)
    assert (local.target, local.sha256, profile.sha256) == (b"/nowhere", "", "")
    assert "torn" in fact.notes[0]
    assert read_startup_files(guest_with({})).state is FactState.ABSENT


def test_files_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(startup_files, "_MOST_FILES", 1)
    fact = read_startup_files(guest_with({"/etc/cron.daily/a": "", "/etc/cron.daily/b": ""}))
    assert (len(held(fact)), fact.partial) == (1, True)


@given(st.binary())
def test_any_bytes_are_borne(data):
    read_startup_files(guest_with({"/etc/rc.local": data, "/root/.bashrc": data}))
