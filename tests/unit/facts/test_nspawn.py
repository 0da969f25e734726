from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.nspawn import nspawn_containers

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
    bare, web, disk = nspawn_containers(look)
    assert (bare.name, bare.path, bare.privileged) == ("bare", b"/var/lib/machines/bare", None)
    assert (web.privileged, web.capabilities, web.network) == (False, ("CAP_NET_ADMIN", "CAP_SYS_ADMIN"), "host")
    assert web.binds == ("/etc:/hostetc", "/srv:/srv", "/usr/share:/usr/share:ro")
    assert (web.environment, web.ports) == (("TOKEN", "PLAIN"), ("tcp:8080:80",))
    assert (disk.name, disk.path, disk.privileged) == ("disk", b"/var/lib/machines/disk.raw", True)
    assert disk.network == ""
    assert "s3cret" not in repr((bare, web, disk))
    assert look.fact((web,), nothing="").remarks == (
        "the container web shares the system's own network",
        "the container web sees /etc of the system",
        "the container disk is privileged",
    )


@given(st.text(alphabet="[Exec]Files\nBind=:/ CapabilityVirtualEthernet", max_size=200))
def test_any_text_is_borne(text):
    files = {"/var/lib/machines/a": Folder(), "/etc/systemd/nspawn/a.nspawn": text}
    list(nspawn_containers(Gathering(guest_with(files))))
