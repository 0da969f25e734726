from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.test_boot_entries import NAMES
from tests.unit.facts.tree import guest_with

from imgkit.facts.mounts import describe_mounts, read_arrays, read_crypttab, read_mount_units
from imgkit.model.fact import Fact, FactState
from imgkit.model.mounts import ArrayEntry, EntryState

UNIT = "[Unit]\nDescription=x\n[Mount]\nWhat=/dev/disk/by-uuid/AB\nWhere=/data\nType=ext4\nOptions=ro\n"


def test_units_that_mount_or_swap_are_resolved():
    files = {
        "/etc/systemd/system/data.mount": UNIT,
        "/etc/systemd/system/x.swap": "[Swap]\nWhat=UUID=none\n",
        "/etc/systemd/system/n.mount": "[Mount]\nWhat=10.0.0.1:/x\nWhere=/n\nType=nfs\n",
    }
    found = {one.path[-7:]: one for one in read_mount_units(guest_with(files), NAMES).value or ()}
    data, network, swap = found[b"a.mount"], found[b"n.mount"[-7:]], found[b"/x.swap"]
    assert (data.where, data.place, data.state) == ("/data", "system:1", EntryState.FOUND)
    assert network.state is EntryState.ELSEWHERE
    assert (swap.state, swap.type) == (EntryState.UNRESOLVED, "swap")
    assert "UUID" in swap.reason


def test_crypttab_names_volumes_that_are_missing():
    text = "# x\nhome UUID=ab none luks,discard\nlost UUID=zz /root/key\nbroken\n"
    home, lost = read_crypttab(guest_with({"/etc/crypttab": text}), NAMES).value or ()
    assert (home.name, home.place, home.key, home.options) == ("home", "system:1", "none", ("luks", "discard"))
    assert (lost.line, lost.key, lost.state) == (3, "/root/key", EntryState.UNRESOLVED)


def test_arrays_are_named():
    text = "DEVICE partitions\nARRAY /dev/md0 UUID=1:2 name=h:0\n"
    assert read_arrays(guest_with({"/etc/mdadm/mdadm.conf": text})).value == (
        ArrayEntry(path=b"/etc/mdadm/mdadm.conf", line=2, name="/dev/md0", words=("UUID=1:2", "name=h:0")),
    )


def test_nothing_there_is_absent():
    found = describe_mounts(guest_with({}), Fact.absent(), (), None)
    assert {found.units.state, found.encrypted.state, found.arrays.state} == {FactState.ABSENT}


@given(st.text(alphabet="[Mount]\nWhat=Where= UUID/devx#", max_size=80))
def test_any_text_is_borne(text):
    guest = guest_with({"/etc/systemd/system/a.mount": text, "/etc/crypttab": text, "/etc/mdadm.conf": text})
    describe_mounts(guest, Fact.absent(), (), NAMES)


def test_passwords_in_a_unit_that_mounts_are_masked():
    unit = "[Mount]\nWhat=//s/x\nWhere=/x\nType=cifs\nOptions=user=eve,password=hunter2,ro\n"
    (found,) = read_mount_units(guest_with({"/etc/systemd/system/x.mount": unit}), NAMES).value or ()
    assert found.options == "user=eve,password=***,ro"
