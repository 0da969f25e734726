from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts.autostart import read_autostart
from imgkit.model.fact import FactState


def test_entries_tell_their_commands_and_whether_they_are_off():
    fact = read_autostart(
        guest_with(
            {
                "/etc/passwd": "eve:x:1000:1000::/home/eve:/bin/sh\n",
                "/etc/xdg/autostart/a.desktop": "[Desktop Entry]\nExec=/bin/a\nHidden=true\n",
                "/home/eve/.config/autostart/b.desktop": "[Desktop Entry]\nExec=/tmp/b\n[Other]\nExec=/bin/no\n",
                "/usr/share/dbus-1/system-services/c.service": "[D-BUS Service]\nExec=/bin/c\n",
                "/etc/xdg/autostart/d.desktop": "[Desktop Entry]\nName=x\n",
            }
        )
    )
    assert [(line.kind, line.text) for line in held(fact)] == [
        ("autostart, switched off", "/bin/a"),
        ("D-Bus service", "/bin/c"),
        ("autostart", "/tmp/b"),
    ]
    assert "/tmp" in fact.remarks[0]
    assert read_autostart(guest_with({})).state is FactState.ABSENT


@given(st.binary())
def test_any_bytes_are_borne(data):
    read_autostart(guest_with({"/etc/xdg/autostart/a.desktop": b"[Desktop Entry]\nExec=" + data}))
