from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import File, Link, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.init_scripts import read_init_scripts, read_inittab
from imgkit.model.fact import FactState
from imgkit.model.persistence import ConfigLine, InitScript


def test_links_of_run_levels_start_and_stop_scripts():
    files = {
        "/etc/init.d/a": "",
        "/etc/init.d/README": "",
        "/etc/rc2.d/S01a": Link(b"../init.d/a"),
        "/etc/rc.d/rc3.d/S99a": Link(b"../init.d/a"),
        "/etc/rc0.d/K01a": Link(b"../init.d/a"),
        "/etc/rc2.d/README": "",
        "/etc/rc5.d/S20gone": Link(b"../init.d/gone"),
    }
    assert held(read_init_scripts(guest_with(files))) == (
        InitScript(name="a", path=b"/etc/init.d/a", starts_in=("2", "3"), stops_in=("0",)),
        InitScript(name="gone", path=b"", starts_in=("5",), stops_in=()),
    )


def test_run_levels_of_openrc_have_names():
    files = {"/etc/init.d/sshd": "", "/etc/runlevels/default/sshd": Link(b"/etc/init.d/sshd")}
    assert held(read_init_scripts(guest_with(files)))[0].starts_in == ("default",)
    assert read_init_scripts(guest_with({})).state is FactState.ABSENT


def test_a_script_that_others_may_change_stands_out():
    fact = read_init_scripts(guest_with({"/etc/init.d/a": File(b"", mode=0o777)}))
    assert fact.remarks == ("the init script /etc/init.d/a: everyone may write it",)


def test_inittab_tells_what_it_starts():
    look = Gathering(guest_with({"/etc/inittab": "# x\nid:3:respawn:/tmp/x\nodd\n"}))
    lines = tuple(read_inittab(look))
    assert lines == (ConfigLine(path=b"/etc/inittab", line=2, kind="inittab respawn", text="id:3:respawn:/tmp/x"),)
    fact = look.fact(lines, nothing="")
    assert "line 3" in fact.notes[0]
    assert "/tmp" in fact.remarks[0]


@given(st.binary())
def test_any_bytes_are_borne(data):
    list(read_inittab(Gathering(guest_with({"/etc/inittab": data}))))
