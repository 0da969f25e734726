import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Link, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.nspawn import nspawn_containers
from imgkit.model.containers import Container

SETTINGS = """\
[Exec]
Boot=no
Parameters=/bin/worker --password=s3cret
Environment=TOKEN=s3cret
Capability=CAP_NET_ADMIN CAP_SYS_ADMIN
[Files]
Bind=/srv
Bind=/etc:/hostetc
BindReadOnly=/usr/share
[Network]
VirtualEthernet=no
Port=tcp:8080:80
[Exec]
Environment=PLAIN=1
"""
FILES = {
    "/var/lib/machines/web/etc/os-release": "ID=debian\n",
    "/var/lib/machines/disk.raw": b"x",
    "/var/lib/machines/bare": Folder(),
    "/var/lib/machines/.#web1": Folder(),
    "/etc/systemd/nspawn/web.nspawn": SETTINGS,
    "/var/lib/machines/web.nspawn": "[Exec]\nCapability=all\n",
    "/etc/systemd/nspawn/disk.nspawn": "[Exec]\nCapability=all\n[Network]\nPrivate=yes\nVirtualEthernet=no\n",
}


def test_machines_are_told_with_their_settings():
    look = Gathering(guest_with(FILES))
    bare, disk, web = nspawn_containers(look)
    assert (bare.name, bare.path, bare.privileged) == ("bare", b"/var/lib/machines/bare", None)
    assert (web.privileged, web.capabilities, web.network) == (False, ("CAP_NET_ADMIN", "CAP_SYS_ADMIN"), "host")
    assert web.binds == ("/etc:/hostetc", "/srv:/srv", "/usr/share:/usr/share:ro")
    assert (web.environment, web.ports) == (("TOKEN", "PLAIN"), ("tcp:8080:80",))
    assert (disk.name, disk.path, disk.privileged) == ("disk", b"/var/lib/machines/disk.raw", True)
    assert disk.network == ""
    assert "s3cret" not in repr((bare, web, disk))
    assert look.fact((web,), nothing="").remarks == (
        "the container disk is privileged",
        "the container web shares the system's own network",
        "the container web sees /etc of the system",
    )


def machine(settings: str, folder: str = "/etc/systemd/nspawn") -> tuple[Container, tuple[str, ...]]:
    look = Gathering(guest_with({"/var/lib/machines/a": Folder(), f"{folder}/a.nspawn": settings}))
    (found,) = nspawn_containers(look)
    return found, look.fact((1,), nothing="").remarks


@pytest.mark.parametrize(
    ("network", "host"),
    [
        ("", ""),
        ("VirtualEthernet=no", "host"),
        ("VirtualEthernet=f", "host"),
        ("Private=off", "host"),
        ("Private=no\nVirtualEthernet=yes", ""),
        ("Private=yes\nVirtualEthernet=no", ""),
        ("VirtualEthernet=no\nMACVLAN=eno1", ""),
        ("VirtualEthernet=no\nPrivate=no\nZone=z", ""),
    ],
)
def test_the_network_is_the_systems_where_settings_say_so_and_name_no_other(network, host):
    assert machine(f"[Network]\n{network}\n")[0].network == host


@pytest.mark.parametrize(
    ("run", "privileged", "capabilities"),
    [
        ("", None, ()),
        ("Capability=all", True, ()),
        ("Capability=all\nDropCapability=all", False, ()),
        ("Capability=all\nDropCapability=CAP_SYS_ADMIN", False, ()),
        ("Capability=CAP_A CAP_B\nDropCapability=CAP_A", False, ("CAP_B",)),
    ],
)
def test_what_is_dropped_is_not_granted(run, privileged, capabilities):
    found, _ = machine(f"[Exec]\n{run}\n")
    assert (found.privileged, found.capabilities) == (privileged, capabilities)


def test_settings_beside_a_machine_give_it_nothing_of_the_system():
    text = "[Exec]\nCapability=all\nEnvironment=A=1\n[Files]\nBind=/:/host\n[Network]\nVirtualEthernet=no\nPort=80\n"
    found, told = machine(text, "/var/lib/machines")
    assert (found.privileged, found.network, found.binds, found.ports) == (None, "", (), ())
    assert found.environment == ("A",)
    assert told == ("the settings of the machine a lie beside it: systemd follows none that reach out",)


def test_lines_that_go_on_and_quotes_are_read_as_systemd_reads_them():
    text = (
        '[Exec]\nParameters=/usr/bin/worker \\\n  --verbose "two words"\n'
        'Environment="TOKEN=abc \\\n  s3cretpart" B=2 "C=3"\n[Files]\nBind=-/etc/a +/own:/x /b:/c:norbind\n'
    )
    found, _ = machine(text)
    assert found.command.split() == ["/usr/bin/worker", "--verbose", "two", "words"]
    assert found.environment == ("TOKEN", "B", "C")
    assert found.binds == ("/b:/c", "/etc/a:/etc/a")
    assert "s3cretpart" not in repr(found)


def test_machines_may_lie_behind_links_and_what_is_hidden_is_none():
    files = {
        "/srv/m/etc": Folder(),
        "/var/lib/machines/m": Link(b"/srv/m"),
        "/var/lib/machines/.raw-https:x.raw": b"x",
        "/var/lib/machines/notes.txt": b"x",
    }
    assert [one.name for one in nspawn_containers(Gathering(guest_with(files)))] == ["m"]


@given(st.text(alphabet="[Exec]Files\nBind=:/ CapabilityVirtualEthernet", max_size=200))
def test_any_text_is_borne(text):
    files = {"/var/lib/machines/a": Folder(), "/etc/systemd/nspawn/a.nspawn": text}
    list(nspawn_containers(Gathering(guest_with(files))))
