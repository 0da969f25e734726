from tests.unit.facts.tree import Folder, Shut, guest_with

from imgkit.facts import homes
from imgkit.facts.gathering import Gathering
from imgkit.facts.homes import Account, Home, accounts_of, beneath, homes_of, uid_names

PASSWD = """root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root/:/bin/sh
# note
broken
web:x:33:33::/var/www:/usr/sbin/nologin
none:x:34:34:::/bin/sh
odd:x:minus:1::/odd:/bin/sh
"""


def test_accounts_are_those_of_passwd_that_can_be_understood():
    look = Gathering(guest_with({"/etc/passwd": PASSWD}))
    assert [account.name for account in accounts_of(look)] == ["root", "toor", "web", "none"]
    assert accounts_of(look)[0] == Account(name="root", uid=0, gid=0, home=b"/root")


def test_the_first_name_of_a_user_id_is_its_name():
    assert uid_names(accounts_of(Gathering(guest_with({"/etc/passwd": PASSWD}))))[0] == "root"


def test_homes_are_those_of_accounts_and_those_that_lost_theirs():
    look = Gathering(guest_with({"/etc/passwd": PASSWD, "/home/gone": Folder(), "/home/file": ""}))
    assert homes_of(look) == (
        Home(path=b"/home/gone", users=()),
        Home(path=b"/root", users=("root", "toor")),
        Home(path=b"/var/www", users=("web",)),
    )


def test_roots_home_is_looked_into_also_without_passwd():
    look = Gathering(guest_with({"/etc/passwd": Shut("torn")}))
    assert homes_of(look) == (Home(path=b"/root", users=()),)
    assert "torn" in look.fact((), nothing="").reason


def test_a_home_may_be_the_root_folder():
    assert beneath(Home(path=b"/", users=()), b".ssh") == b"/.ssh"


def test_accounts_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(homes, "MOST_ACCOUNTS", 1)
    look = Gathering(guest_with({"/etc/passwd": PASSWD}))
    assert len(accounts_of(look)) == 1
    assert look.fact((1,), nothing="").partial


def test_homes_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(homes, "MOST_HOMES", 1)
    look = Gathering(guest_with({"/etc/passwd": PASSWD}))
    assert len(homes_of(look)) == 1
    assert "of 2 home folders" in look.fact((), nothing="").notes[0]
