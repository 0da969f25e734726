import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts.groups import read_groups, read_subordinate_ids
from imgkit.model.accounts import Group, PasswordState, SubordinateIds
from imgkit.model.fact import FactState


def test_groups_are_read_with_their_members():
    fact = read_groups(guest_with({"/etc/group": "root:x:0:\nwheel:x:10:root,ecs-user\nbroken\n"}))
    assert held(fact) == (
        Group(name="root", gid=0, members=()),
        Group(name="wheel", gid=10, members=("root", "ecs-user")),
    )
    assert (fact.partial, fact.notes) == (True, ("1 line of /etc/group could not be understood",))


def test_gshadow_adds_administrators_members_and_whether_there_is_a_password():
    files = {"/etc/group": "sudo:x:27:alice\ndb:x:90:\n", "/etc/gshadow": "sudo:!:root:alice,eve\ndb:$6$s$h::\n"}
    fact = read_groups(guest_with(files))
    sudo, db = held(fact)
    assert (sudo.administrators, sudo.shadow_members, sudo.password) == (
        ("root",),
        ("alice", "eve"),
        PasswordState.LOCKED,
    )
    assert db.password is PasswordState.SET
    assert fact.remarks == (
        "eve is in the group sudo by gshadow alone",
        "the group db can be joined with a password",
    )
    assert "$6$" not in repr(fact)


def test_a_second_group_with_roots_number_is_named():
    assert read_groups(guest_with({"/etc/group": "root:x:0:\nzero:x:0:eve\n"})).remarks == (
        "the group zero has the group id 0",
    )


@pytest.mark.parametrize(("files", "state"), [({}, FactState.ABSENT), ({"/etc/group": Shut()}, FactState.UNDETERMINED)])
def test_no_groups_and_unreadable_ones_differ(files, state):
    assert read_groups(guest_with(files)).state is state


def test_an_unreadable_gshadow_leaves_the_groups_and_says_so():
    fact = read_groups(guest_with({"/etc/group": "root:x:0:\n", "/etc/gshadow": Shut("torn")}))
    assert (len(held(fact)), fact.partial) == (1, True)


def test_subordinate_ids_are_ranges():
    files = {"/etc/subuid": "alice:100000:65536\nodd:x:1\n", "/etc/subgid": "1000:200000:65536\n"}
    fact = read_subordinate_ids(guest_with(files))
    assert held(fact) == (
        SubordinateIds(kind="user", owner="alice", first=100000, count=65536),
        SubordinateIds(kind="group", owner="1000", first=200000, count=65536),
    )
    assert fact.notes == ("1 line of /etc/subuid could not be understood",)
    assert read_subordinate_ids(guest_with({})).state is FactState.ABSENT


@given(st.binary(), st.binary(), st.binary())
def test_any_bytes_are_borne(group, shadow, ids):
    guest = guest_with({"/etc/group": b"a:x:1:" + group, "/etc/gshadow": b"a:" + shadow, "/etc/subuid": ids})
    read_groups(guest)
    read_subordinate_ids(guest)


def test_more_groups_than_anybody_has_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr("imgkit.facts.users.MOST_ACCOUNTS", 3)
    monkeypatch.setattr("imgkit.facts.groups.MOST_ACCOUNTS", 3)
    found = read_groups(guest_with({"/etc/group": "a:x:1:\n" * 5}))
    assert len(found.value or ()) == 3
    assert found.partial
    assert "only the first 3 of 5 groups are given" in found.notes
