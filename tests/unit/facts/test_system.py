from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts import system
from imgkit.facts.system import describe_system
from imgkit.model.report import Fact, FactState, facts_within
from imgkit.model.storage import Mount, MountState

MOUNT = Mount(spec="UUID=1", folder="/", type="ext4", options="ro", state=MountState.MOUNTED)


def test_an_empty_tree_gives_a_system_of_which_everything_is_absent():
    found = describe_system(guest_with({}), fstab=Fact.absent())
    assert {fact.state for _, fact in facts_within(found)} == {FactState.ABSENT}


def test_mounts_and_fstab_are_those_that_were_found_before():
    found = describe_system(guest_with({}), fstab=Fact.undetermined("torn"), mounts=[MOUNT])
    assert (found.fstab.reason, found.mounts, found.root) == ("torn", (MOUNT,), "system:1")


def test_each_subject_fails_alone():
    files = {"/etc/passwd": Shut("torn"), "/etc/hostname": "web-1\n", "/boot": Shut("torn too")}
    found = describe_system(guest_with(files), fstab=Fact.absent())
    assert (found.users.state, found.kernels.state) == (FactState.UNDETERMINED, FactState.UNDETERMINED)
    assert found.hostname.value == "web-1"


def test_a_bug_in_one_subject_leaves_the_others(monkeypatch):
    def broken(guest):
        raise RuntimeError

    monkeypatch.setattr(system, "read_hostname", broken)
    found = describe_system(guest_with({"/etc/machine-id": "0" * 32}), fstab=Fact.absent())
    assert found.hostname.state is FactState.UNDETERMINED
    assert found.machine_id.value == "0" * 32
