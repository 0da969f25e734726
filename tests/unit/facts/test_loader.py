from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts.loader import read_loader
from imgkit.model.fact import FactState


def test_preloaded_libraries_folders_and_environment_are_told():
    fact = read_loader(
        guest_with(
            {
                "/etc/ld.so.preload": "/lib/libx.so\n",
                "/etc/ld.so.conf.d/a.conf": "/opt/lib\n",
                "/etc/environment": "PATH=/bin\nLD_PRELOAD=/tmp/y.so\n",
                "/etc/systemd/system.conf": "[Manager]\nLogLevel=info\nDefaultEnvironment=TOKEN=hunter2\n",
                "/etc/inittab": "1:2:respawn:/sbin/getty\n",
            }
        )
    )
    assert [(line.kind, line.text) for line in held(fact)] == [
        ("environment", "PATH=/bin"),
        ("environment", "LD_PRELOAD=/tmp/y.so"),
        ("library folder", "/opt/lib"),
        ("preload", "/lib/libx.so"),
        ("manager", "DefaultEnvironment=TOKEN=***"),
        ("inittab respawn", "1:2:respawn:/sbin/getty"),
    ]
    assert "/etc/ld.so.preload loads /lib/libx.so into every program" in fact.remarks
    assert "/etc/environment line 2 sets LD_PRELOAD=/tmp/y.so" in fact.remarks


def test_nothing_of_it_is_absent():
    assert read_loader(guest_with({})).state is FactState.ABSENT
