from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.users import is_login_shell, judge_password, read_users
from imgkit.model.accounts import PasswordState, User
from imgkit.model.fact import Fact, FactState

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
ecs-user:x:1000:1000:,,,:/home/ecs-user:/bin/bash
"""
SHADOW = """root:$6$salt$hashhashhash:19700:0:99999:7:::
daemon:*:19600:0:99999:7:::
ecs-user:!$y$j9T$salt$hash:19700:0:99999:7::20000:
"""


def users(passwd: str = PASSWD, shadow: str | Shut | None = SHADOW) -> Fact[tuple[User, ...]]:
    files: dict[str, str | Shut] = {"/etc/passwd": passwd}
    if shadow is not None:
        files["/etc/shadow"] = shadow
    return read_users(guest_with(files))


def by_name(fact: Fact[tuple[User, ...]]) -> dict[str, User]:
    return {user.name: user for user in fact.value or ()}


def test_an_account_is_read_with_all_its_fields():
    root = by_name(users())["root"]
    assert (root.uid, root.gid, root.comment, root.home, root.shell) == (0, 0, "root", b"/root", b"/bin/bash")
    assert (root.password, root.algorithm) == (PasswordState.SET, "sha512crypt")
    assert (root.password_changed, root.expires) == (date(2023, 12, 9), None)


def test_a_locked_account_keeps_the_name_of_its_algorithm():
    found = by_name(users())["ecs-user"]
    assert (found.password, found.algorithm, found.expires) == (PasswordState.LOCKED, "yescrypt", date(2024, 10, 4))


def test_no_hash_is_kept_anywhere():
    assert "hash" not in repr(users())
    assert "salt" not in repr(users())


@pytest.mark.parametrize(
    ("field", "state", "algorithm"),
    [
        ("", PasswordState.EMPTY, ""),
        ("*", PasswordState.LOCKED, ""),
        ("!", PasswordState.LOCKED, ""),
        ("!!", PasswordState.LOCKED, ""),
        ("!*", PasswordState.LOCKED, ""),
        ("*NP*", PasswordState.LOCKED, ""),
        ("x", PasswordState.LOCKED, ""),
        ("!$6$s$h", PasswordState.LOCKED, "sha512crypt"),
        ("*$6$s$h", PasswordState.LOCKED, "sha512crypt"),
        ("$6$s$h", PasswordState.SET, "sha512crypt"),
        ("$6$rounds=5000$s$h", PasswordState.SET, "sha512crypt"),
        ("$5$s$h", PasswordState.SET, "sha256crypt"),
        ("$1$s$h", PasswordState.SET, "md5crypt"),
        ("$y$j9T$s$h", PasswordState.SET, "yescrypt"),
        ("$2b$12$abc", PasswordState.SET, "bcrypt"),
        ("$md5,rounds=904$s$h", PasswordState.SET, "SunMD5"),
        ("$new$s$h", PasswordState.SET, "unknown"),
        ("abJnggxhB/yWI", PasswordState.SET, "descrypt"),
    ],
)
def test_the_state_of_a_password(field, state, algorithm):
    assert judge_password(field) == (state, algorithm)


@pytest.mark.parametrize(
    ("shell", "opens"),
    [(b"/bin/bash", True), (b"", True), (b"/usr/sbin/nologin", False), (b"/bin/false", False), (b"/bin/sync", False)],
)
def test_a_login_shell_gives_a_command_line(shell, opens):
    assert is_login_shell(shell) is opens


def test_a_second_root_is_noted():
    fact = users(PASSWD + "toor:x:0:0::/root:/bin/sh\n")
    assert fact.remarks == ("user id 0 is shared by root, toor",)
    assert by_name(fact)["toor"].password is PasswordState.NO_ENTRY


def test_a_name_that_is_there_twice_is_noted():
    assert users(PASSWD + "daemon:x:5:5::/:/bin/sh\n").remarks == ("the name daemon is there 2 times",)


def test_an_unreadable_shadow_leaves_the_accounts_and_says_so():
    fact = users(shadow=Shut("bad sector"))
    assert {user.password for user in fact.value or ()} == {PasswordState.UNDETERMINED}
    assert fact.partial
    assert "bad sector" in fact.notes[0]


def test_a_password_in_passwd_itself_holds():
    found = by_name(users("old:$1$s$h:5:5::/:/bin/sh\nopen::6:6::/:/bin/sh\n", None))
    assert (found["old"].password, found["old"].algorithm) == (PasswordState.SET, "md5crypt")
    assert found["open"].password is PasswordState.EMPTY


def test_of_two_lines_in_shadow_the_first_holds():
    assert by_name(users(shadow="root:$6$s$h:1::::::\nroot::1::::::\n"))["root"].password is PasswordState.SET


def test_lines_that_are_none_are_counted():
    fact = users("root:x:0:0:root:/root:/bin/bash\nbroken\nbad:x:minus:0::/:/bin/sh\n+::::::\n# note\n")
    assert list(by_name(fact)) == ["root"]
    assert (fact.partial, fact.notes) == (True, ("2 lines of /etc/passwd could not be understood",))


def test_no_passwd_is_absent_and_an_unreadable_one_is_not():
    assert read_users(guest_with({})).state is FactState.ABSENT
    with pytest.raises(CannotLookInside):
        read_users(guest_with({"/etc/passwd": Shut()}))


def test_ageing_is_told_in_days_and_dates():
    found = by_name(users(shadow="root:$6$s$h:19700:1:90:7:14::\ndaemon:*:0:0:99999:7:::\n"))
    root, daemon = found["root"], found["daemon"]
    assert (root.least_days, root.most_days, root.warn_days, root.inactive_days) == (1, 90, 7, 14)
    assert (root.password_expires, root.must_change) == (date(2024, 3, 8), False)
    assert (daemon.password_expires, daemon.must_change) == (None, True)


@pytest.mark.parametrize(
    ("passwd", "shadow", "words"),
    [
        ("open:x:1000:1000::/:/bin/sh", "open::1::::::", "no password and is asked for none"),
        ("old:x:1000:1000::/:/bin/sh", "old:$1$s$h:1::::::", "md5crypt"),
        ("web:x:33:33::/:/bin/bash", "web:$6$s$h:1::::::", "account of the system"),
    ],
)
def test_accounts_that_stand_out_are_named(passwd, shadow, words):
    assert words in users(passwd + "\n", shadow + "\n").remarks[0]


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_any_bytes_are_borne(passwd, shadow):
    read_users(guest_with({"/etc/passwd": b"a:x:1:1:" + passwd, "/etc/shadow": b"a:" + shadow}))


def test_more_accounts_than_anybody_has_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr("imgkit.facts.users.MOST_ACCOUNTS", 3)
    monkeypatch.setattr("imgkit.facts.users.MOST_ACCOUNTS", 3)
    found = read_users(guest_with({"/etc/passwd": "a:x:1:1::/:/bin/sh\n" * 5}))
    assert len(found.value or ()) == 3
    assert found.partial
    assert "only the first 3 of 5 accounts are given" in found.notes


def test_an_account_hidden_behind_many_others_stands_out_all_the_same(monkeypatch):
    monkeypatch.setattr("imgkit.facts.users.MOST_ACCOUNTS", 2)
    many = "".join(f"a{number}:x:{number}:1::/:/bin/sh\n" for number in range(5))
    found = read_users(guest_with({"/etc/passwd": many + "eve:x:0:0::/:/bin/sh\n"}))
    assert any("eve" in remark for remark in found.remarks)


def test_lines_without_end_are_left_out_and_counted(monkeypatch):
    monkeypatch.setattr("imgkit.facts.users.MOST_LINES", 2)
    fact = users(PASSWD * 5)
    lines = PASSWD.count("\n") * 5
    assert f"/etc/passwd: the {lines - 2} lines from 3 on were left out" in fact.notes
    assert fact.partial
