from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts import system
from imgkit.facts.system import describe_system
from imgkit.model.fact import Fact, FactState, facts_within
from imgkit.model.storage import Mount, MountState
from imgkit.model.subjects import Subject

MOUNT = Mount(spec="UUID=1", folder="/", type="ext4", options="ro", state=MountState.MOUNTED)


def test_an_empty_tree_gives_a_system_of_which_everything_is_absent():
    found = describe_system(guest_with({}), fstab=Fact.absent())
    states = {where: fact.state for where, fact in facts_within(found)}
    assert states.pop("files") is FactState.PRESENT, "a walk over nothing is a walk"
    assert set(states.values()) == {FactState.ABSENT}


def test_mounts_and_fstab_are_those_that_were_found_before():
    found = describe_system(guest_with({}), fstab=Fact.undetermined("torn"), mounts=[MOUNT])
    assert (found.mounts.fstab.reason, found.mounts.mounted, found.root) == ("torn", (MOUNT,), "system:1")


def test_each_subject_fails_alone():
    files = {"/etc/passwd": Shut("torn"), "/etc/hostname": "web-1\n", "/boot": Shut("torn too")}
    found = describe_system(guest_with(files), fstab=Fact.absent())
    assert (found.accounts.users.state, found.boot.kernels.state) == (FactState.UNDETERMINED, FactState.UNDETERMINED)
    assert found.identity.hostname.value == "web-1"


def test_a_bug_in_one_subject_leaves_the_others(monkeypatch):
    def broken(guest):
        raise RuntimeError

    monkeypatch.setattr(system, "read_hostname", broken)
    found = describe_system(guest_with({"/etc/machine-id": "0" * 32}), fstab=Fact.absent())
    assert found.identity.hostname.state is FactState.UNDETERMINED
    assert found.identity.machine_id.value == "0" * 32


def test_what_was_not_asked_for_is_not_looked_at():
    found = describe_system(guest_with({"/etc/passwd": Shut("torn")}), fstab=Fact.absent(), subjects={Subject.MOUNTS})
    assert (found.identity, found.accounts, found.packages, found.boot) == (None, None, None, None)
    assert found.mounts is not None
