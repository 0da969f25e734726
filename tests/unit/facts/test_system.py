from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
from imgkit.model.tree import Entry, EntryKind

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


class _AnyTree:
    """A tree in which every path leads somewhere: to a file of the same bytes, or to a folder of a few such names."""

    def __init__(self, data: bytes, names: list[bytes], kinds: list[EntryKind]) -> None:
        self._data, self._names, self._kinds = data, names, kinds

    def stat(self, path: bytes) -> Entry:
        name = path.rpartition(b"/")[2]
        kind = self._kinds[(len(path) + sum(path)) % len(self._kinds)]
        return Entry(name=name, kind=kind, mode=0o644, size=len(self._data), inode=0)

    def list_folder(self, path: bytes) -> Sequence[Entry]:
        deep = path.count(b"/") > 6
        return () if deep else tuple(self.stat(path.rstrip(b"/") + b"/" + name) for name in sorted(set(self._names)))

    def read_file(self, path: bytes, *, limit: int) -> bytes:
        return (self._data + path)[:limit]

    def read_link(self, path: bytes) -> bytes:
        return self._data + path

    def xattrs(self, path: bytes) -> Mapping[bytes, bytes]:
        return {b"security.capability": self._data, path: self._data}


_NAMES = st.sampled_from([b"a", b"a.conf", b"a.service", b"a.wants", b"wtmp", b"a.repo", b"a.yaml", b"a.gz", b"\xff"])
_KINDS = st.sampled_from([EntryKind.FILE, EntryKind.FILE, EntryKind.FOLDER, EntryKind.LINK, EntryKind.OTHER])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(st.binary(max_size=300), st.text("a=:[]{}\"'\\\n #,*;/-@\x00", max_size=200).map(str.encode)),
    st.lists(_NAMES, max_size=3),
    st.lists(_KINDS, min_size=1, max_size=7),
)
def test_any_bytes_in_the_place_of_every_file_are_borne_by_every_subject(data, names, kinds):
    guest = Guest(tree=_AnyTree(data, names, kinds), label="system:1")
    found = describe_system(guest, fstab=Fact.absent())
    bugs = [fact.reason for _, fact in facts_within(found) if "please report this" in fact.reason]
    assert bugs == []
