import pytest
from tests.unit.facts.held import held
from tests.unit.facts.tree import Link, Node, guest_with

from imgkit.facts.units import read_units
from imgkit.model.persistence import UnitState

ETC, RUN, LIB = "/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"
LIB_A = b"/usr/lib/systemd/system/a.service"
INSTALL = "[Install]\nWantedBy=multi-user.target\n"


def state_of(name: str, files: dict[str, Node]) -> UnitState:
    return {unit.name: unit.state for unit in held(read_units(guest_with(files)))}[name]


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({f"{LIB}/a.service": "[Unit]\n"}, UnitState.STATIC),
        ({f"{LIB}/a.service": INSTALL}, UnitState.DISABLED),
        ({f"{LIB}/a.service": "[Install]\nAlso=b.socket\n"}, UnitState.INDIRECT),
        ({f"{LIB}/a.service": "[Unit]\n", f"{ETC}/a.service.d/x.conf": INSTALL}, UnitState.DISABLED),
        ({f"{LIB}/a.service": INSTALL, f"{ETC}/x.target.wants/a.service": Link(b"/nowhere")}, UnitState.ENABLED),
        ({f"{LIB}/a.service": INSTALL, f"{ETC}/x.target.requires/a.service": Link(b"/x")}, UnitState.ENABLED),
        ({f"{LIB}/a.service": INSTALL, f"{RUN}/x.target.wants/a.service": Link(b"/x")}, UnitState.ENABLED_RUNTIME),
        ({f"{LIB}/a.service": INSTALL, f"{LIB}/x.target.wants/a.service": Link(b"/x")}, UnitState.DISABLED),
        ({f"{LIB}/a.service": INSTALL, f"{ETC}/b.service": Link(LIB_A)}, UnitState.INDIRECT),
        ({f"{LIB}/a.service": "[Install]\nAlias=b.service\n", f"{ETC}/b.service": Link(LIB_A)}, UnitState.ENABLED),
        ({f"{ETC}/a.service": Link(b"/dev/null")}, UnitState.MASKED),
        ({f"{RUN}/a.service": Link(b"/dev/null")}, UnitState.MASKED_RUNTIME),
        ({f"{LIB}/a.service": INSTALL, f"{ETC}/a.service": ""}, UnitState.MASKED),
        ({f"{ETC}/a.service": Link(b"/opt/a.service"), "/opt/a.service": "[Unit]\n"}, UnitState.LINKED),
        ({f"{RUN}/a.service": Link(b"/opt/a.service"), "/opt/a.service": "[Unit]\n"}, UnitState.LINKED_RUNTIME),
        ({"/run/systemd/generator/a.service": "[Unit]\n"}, UnitState.GENERATED),
        ({"/run/systemd/transient/a.service": "[Unit]\n"}, UnitState.TRANSIENT),
        (
            {f"{LIB}/b.service": INSTALL, f"{ETC}/a.service": Link(b"/usr/lib/systemd/system/b.service")},
            UnitState.ALIAS,
        ),
        ({f"{ETC}/a.service": Link(b"/usr/lib/systemd/system/gone.service")}, UnitState.BAD),
        ({f"{LIB}/b.service": INSTALL, f"{ETC}/a.service": Link(b"/opt/b.service")}, UnitState.BAD),
        ({f"{ETC}/a.service": Link(b"/opt/a.service")}, UnitState.BAD),
        ({f"{ETC}/a.service": Link(b"/opt/b.service"), "/opt/b.service": INSTALL}, UnitState.ALIAS),
    ],
)
def test_the_state_is_that_which_systemctl_would_tell(files, state):
    assert state_of("a.service", files) is state


def test_an_alias_of_what_is_masked_is_masked():
    files: dict[str, Node] = {f"{ETC}/a.service": Link(b"b.service"), f"{ETC}/b.service": Link(b"/dev/null")}
    assert state_of("a.service", files) is UnitState.MASKED


def test_a_template_is_enabled_by_an_instance():
    files: dict[str, Node] = {f"{LIB}/g@.service": INSTALL, f"{ETC}/x.target.wants/g@one.service": Link(b"/x")}
    assert state_of("g@.service", files) is UnitState.INDIRECT
    files[f"{LIB}/g@.service"] = INSTALL + "DefaultInstance=one\n"
    assert state_of("g@.service", files) is UnitState.ENABLED


def test_an_alias_is_followed_by_its_name():
    files: dict[str, Node] = {
        f"{LIB}/a.service": Link(b"b.service"),
        f"{LIB}/b.service": INSTALL,
        f"{ETC}/b.service": Link(b"/dev/null"),
    }
    assert state_of("a.service", files) is UnitState.MASKED


def test_links_in_a_circle_end():
    files: dict[str, Node] = {f"{ETC}/a.service": Link(b"b.service"), f"{ETC}/b.service": Link(b"a.service")}
    assert state_of("a.service", files) is UnitState.BAD
