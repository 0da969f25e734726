from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import File, Link, Nodes, Shut, guest_with

from imgkit.facts import units
from imgkit.facts.units import read_units
from imgkit.model.fact import Fact, FactState, Setting
from imgkit.model.persistence import Unit, UnitState

ETC, LIB = "/etc/systemd/system", "/usr/lib/systemd/system"


def read(files: Nodes) -> Fact[tuple[Unit, ...]]:
    return read_units(guest_with(files))


def one(files: Nodes, name: str) -> Unit:
    return {unit.name: unit for unit in held(read(files))}[name]


def test_a_unit_is_told_with_what_its_drop_ins_change():
    unit = one(
        {
            f"{LIB}/a.service": "[Unit]\nDescription=It\n[Service]\nUser=eve\nExecStartPre=/bin/pre\nExecStart=/old\n",
            f"{ETC}/a.service.d/o.conf": "[Service]\nExecStart=\nExecStart=/bin/new\nEnvironment=API_KEY=hunter2\n",
            f"{ETC}/multi-user.target.wants/a.service": Link(b"/usr/lib/systemd/system/a.service"),
        },
        "a.service",
    )
    assert (unit.description, unit.user, unit.state, unit.scope) == ("It", "eve", UnitState.ENABLED, "system")
    assert unit.commands == (
        Setting(name="ExecStartPre", value="/bin/pre"),
        Setting(name="ExecStart", value="/bin/new"),
    )
    assert unit.environment == (Setting(name="Environment", value="API_KEY=***"),)
    assert (unit.drop_ins, unit.wanted_by) == ((b"/etc/systemd/system/a.service.d/o.conf",), ("multi-user.target",))


def test_a_timer_tells_when():
    unit = one({f"{LIB}/a.timer": "[Timer]\nOnCalendar=daily\nOnBootSec=5min\nUnit=b.service\n"}, "a.timer")
    assert [(trigger.name, trigger.value) for trigger in unit.triggers] == [
        ("OnCalendar", "daily"),
        ("OnBootSec", "5min"),
        ("Unit", "b.service"),
    ]


def test_a_template_names_the_instances_that_are_started():
    files = {f"{LIB}/g@.service": "[Unit]\n", f"{ETC}/t.target.wants/g@a.service": Link(b"/x")}
    assert one(files, "g@.service").instances == ("g@a.service",)


def test_units_of_users_are_told_with_whose_they_are():
    fact = read(
        {
            "/etc/passwd": "eve:x:1000:1000::/home/eve:/bin/sh\n",
            "/home/eve/.config/systemd/user/m.service": File(b"[Service]\nExecStart=/tmp/.m\n", uid=1000),
            "/home/eve/.config/systemd/user/default.target.wants/p.service": Link(b"/usr/lib/systemd/user/p.service"),
            "/usr/lib/systemd/user/p.service": "[Service]\nExecStart=/bin/p\n",
        }
    )
    assert [(unit.name, unit.scope, unit.state) for unit in held(fact)] == [
        ("p.service", "user", UnitState.STATIC),
        ("m.service", "/home/eve", UnitState.STATIC),
        ("p.service", "/home/eve", UnitState.ENABLED),
    ]
    assert len(fact.remarks) == 1  # its place and its hidden name; that eve owns it is as it should be


def test_what_stands_out_is_named():
    fact = read({f"{ETC}/a.service": File(b"[Service]\nExecStart=/dev/shm/x\n", mode=0o666, uid=1000)})
    assert fact.remarks == (
        "the unit /etc/systemd/system/a.service: everyone may write it, its owner is the user id 1000",
        "the unit /etc/systemd/system/a.service names something in /tmp, /var/tmp or /dev/shm: /dev/shm/x",
    )


def test_a_masked_unit_leads_to_nowhere():
    assert one({f"{ETC}/a.service": Link(b"/dev/null")}, "a.service").target == b"/dev/null"


def test_a_unit_whose_drop_in_cannot_be_read_is_there_and_lacking():
    fact = read({f"{ETC}/a.service": "[Unit]\n", f"{ETC}/a.service.d/x.conf": Shut("torn")})
    assert (len(held(fact)), fact.partial) == (1, True)
    assert read({}).state is FactState.ABSENT


def test_units_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(units, "_MOST_UNITS", 2)
    fact = read({f"{LIB}/a{number}.service": "[Unit]\n" for number in range(4)})
    assert (len(held(fact)), fact.notes) == (2, ("only the first 2 units are given",))


@given(st.binary(), st.binary(max_size=40).filter(lambda name: b"/" not in name and b"\0" not in name))
def test_any_bytes_are_borne(data, name):
    read({b"/etc/systemd/system/" + name + b".service": data, b"/etc/systemd/system/a.service": Link(name)})
