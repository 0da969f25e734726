from dataclasses import replace

from tests.unit.facts.secret_samples import FULL_OF_SECRETS, PASSWORD
from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts import system
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.fstab import read_fstab
from imgkit.facts.guest import Guest
from imgkit.facts.secrets import MASK
from imgkit.facts.system import describe_system
from imgkit.model.fact import Fact, FactState, facts_within
from imgkit.model.storage import Mount, MountState, Storage
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


def told_of(guest: Guest) -> str:
    names = DeviceNames(storage=Storage())
    return repr(describe_system(guest, fstab=read_fstab(guest, names), names=names))


def test_no_password_is_told_and_every_one_is_masked_in_the_same_way():
    told = told_of(guest_with(FULL_OF_SECRETS))
    assert PASSWORD not in told
    assert PASSWORD[:8] not in told
    assert f"https://bob:{MASK}@proxy.example:3128/x" in told
    assert "redacted" not in told


def test_every_password_is_told_where_they_are_wanted():
    told = told_of(replace(guest_with(FULL_OF_SECRETS), include_secrets=True))
    assert told.count(PASSWORD) > len(FULL_OF_SECRETS)
    assert MASK not in told
