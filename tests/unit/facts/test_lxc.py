from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import File, Folder, Link, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.lxc import lxc_containers, lxc_roots
from imgkit.model.containers import Container

# As lxc-create 5.0.2 of Debian 12 writes it from its busybox template.
BUSYBOX = """\
# Template used to create this container: /usr/share/lxc/templates/lxc-busybox
# Parameters passed to the template:
# For additional config options, please look at lxc.container.conf(5)

# Uncomment the following line to support nesting containers:
#lxc.include = /usr/share/lxc/config/nesting.conf
# (Be aware this has security implications)

lxc.net.0.type = veth
lxc.net.0.link = lxcbr0
lxc.apparmor.profile = generated
lxc.rootfs.path = dir:/var/lib/lxc/box/rootfs
lxc.uts.name = "box"
lxc.cap.drop = sys_module mac_admin mac_override sys_time

# When using LXC with apparmor, uncomment the next line to run unconfined:
#lxc.apparmor.profile = unconfined

lxc.mount.auto = cgroup:mixed proc:mixed sys:ro
lxc.mount.entry = shm dev/shm tmpfs defaults,create=dir 0 0
lxc.mount.entry = /lib lib none ro,bind 0 0
lxc.mount.entry = /sys/kernel/security sys/kernel/security none ro,bind,optional 0 0
"""
USERS = """\
# Template used to create this container: /usr/share/lxc/templates/lxc-download
# Parameters passed to the template: -d alpine -r 3.15 -a amd64
lxc.include = /usr/share/lxc/config/alpine.common.conf
lxc.include = /usr/share/lxc/config/common.conf.d/
lxc.net.0.type = none
lxc.rootfs.path = dir:/home/a/.local/share/lxc/mine/rootfs
lxc.environment = TOKEN=s3cret
lxc.environment = PLAIN
lxc.start.auto = 1
lxc.init.cmd = /sbin/init --password=s3cret
lxc.mount.entry = /etc etc none rbind,rw 0 0
lxc.aa_profile = unconfined
lxc.cap.keep = sys_admin
lxc.cap.keep =
lxc.cap.keep = chown net_admin
lxc.namespace.keep = pid user
"""
FILES = {
    "/var/lib/lxc/box/config": BUSYBOX,
    "/var/lib/lxc/box/rootfs/etc/passwd": "",
    "/var/lib/lxc/lost+found": Folder(),
    "/home/a/.local/share/lxc/mine/config": USERS,
    "/usr/share/lxc/config/alpine.common.conf": "lxc.id_map = u 0 100000 65536\n",
    "/usr/share/lxc/config/common.conf.d/10.conf": "lxc.environment = MORE=1\n",
    "/usr/share/lxc/config/common.conf.d/README": "lxc.environment = NOT=1\n",
}


def test_a_container_of_the_system_is_root_outside_too():
    (box, _) = lxc_containers(Gathering(guest_with(FILES)))
    assert (box.name, box.path, box.image) == ("box", b"/var/lib/lxc/box", "lxc-busybox")
    assert (box.privileged, box.network, box.restart, box.running) == (True, "", "", None)
    assert box.binds == ("/lib:/lib:ro", "/sys/kernel/security:/sys/kernel/security:ro")


def test_a_container_of_a_user_is_told_with_what_it_includes():
    look = Gathering(guest_with(FILES))
    (_, mine) = lxc_containers(look)
    assert (mine.path, mine.image) == (b"/home/a/.local/share/lxc/mine", "lxc-download -d alpine -r 3.15 -a amd64")
    assert (mine.privileged, mine.network, mine.restart) == (False, "host", "lxc.start.auto")
    assert (mine.binds, mine.capabilities) == (("/etc:/etc",), ("CAP_CHOWN", "CAP_NET_ADMIN"))
    assert mine.environment == ("MORE", "TOKEN", "PLAIN"), "what is included stands before"
    assert "s3cret" not in repr(mine)
    fact = look.fact((mine,), nothing="")
    assert [one for one in fact.remarks if " mine " in one] == [
        "the container mine shares the system's own network",
        "the container mine shares the system's own pid",
        "the container mine sees /etc of the system",
        "the container mine is not confined by AppArmor",
    ]
    assert not fact.partial


def test_its_folder_may_be_chosen():
    files = {"/etc/lxc/lxc.conf": "lxc.lxcpath = /srv/lxc/\n", "/srv/lxc/a/config": "lxc.uts.name = b\n"}
    look = Gathering(guest_with(files))
    assert lxc_roots(look) == [b"/srv/lxc"]
    assert [(one.id, one.name) for one in lxc_containers(look)] == [("a", "a")], "b is what it calls itself"


def one_of(config: str, **files: str) -> tuple[Container, Gathering]:
    known = {f"/{name}.conf": text for name, text in files.items()}
    look = Gathering(guest_with({"/var/lib/lxc/a/config": f"lxc.rootfs.path = dir:/r\n{config}", **known}))
    (found,) = lxc_containers(look)
    return found, look


def remarks(look: Gathering) -> tuple[str, ...]:
    return look.fact((1,), nothing="").remarks


@pytest.mark.parametrize(
    ("config", "privileged"),
    [
        ("", True),
        ("lxc.idmap = u 0 100000 65536", False),
        ("lxc.id_map = u 0 100000 65536", False),
        ("lxc.idmap = u 0 0 4294967295", True),
        ("lxc.idmap = b 0 0 65536", True),
        ("lxc.idmap = g 0 0 65536\nlxc.idmap = u 0 1000 1", False),
        ("lxc.include = /maps.conf", False),
        ("lxc.include = /maps.conf\nlxc.idmap =", True),
        ("lxc.idmap =\nlxc.include = /maps.conf", False),
    ],
)
def test_privileged_is_whose_root_is_root_outside(config, privileged):
    found, _ = one_of(config, maps="lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n")
    assert found.privileged is privileged


@pytest.mark.parametrize(
    ("config", "shared"),
    [
        ("lxc.net.0.type = none", "network"),
        ("lxc.network.type = none", "network"),
        ("lxc.net.0 = none", "network"),
        ("lxc.net.0.type = none\nlxc.net.0.type = veth", ""),
        ("lxc.net.0.type = none\nlxc.net =\nlxc.net.0.type = veth", ""),
        ("lxc.net.0.type = none\nlxc.net.1.type = veth", ""),
        ("lxc.environment = A=1\x0clxc.net.0.type = none", ""),
        ("lxc.namespace.clone = mnt uts ipc net", "pid"),
        ("lxc.namespace.share.pid = 1", "pid"),
        ("lxc.namespace.share.pid = 4711", ""),
        ("lxc.namespace.keep = ipc", "ipc"),
    ],
)
def test_what_is_shared_with_the_system(config, shared):
    found, look = one_of(config)
    told = [one.partition("own ")[2] for one in remarks(look) if "shares" in one]
    assert told == ([shared] if shared else [])
    assert found.network == ("host" if shared == "network" else "")


def test_what_comes_later_holds_wherever_it_is_included():
    mine = "lxc.include = /stock.conf\nlxc.apparmor.profile = unconfined\nlxc.cap.keep = sys_admin\n"
    found, look = one_of(mine, stock="lxc.apparmor.profile = generated\nlxc.cap.keep =\n")
    assert found.capabilities == ("CAP_SYS_ADMIN",)
    assert "the container a is not confined by AppArmor" in remarks(look)


def test_mounts_may_stand_in_a_file_of_their_own_and_a_root_may_be_missing():
    found, look = one_of("lxc.mount = /fstab.conf", fstab="/ host none bind 0 0\nshm dev/shm tmpfs defaults 0 0\n")
    assert found.binds == ("/:/host",)
    assert "the container a sees / of the system" in remarks(look)
    (bare,) = lxc_containers(Gathering(guest_with({"/var/lib/lxc/a/config": "lxc.net.0.type = veth\n"})))
    assert bare.binds == ("/:/",)


def test_what_is_not_read_to_its_end_says_so(monkeypatch):
    monkeypatch.setattr("imgkit.facts.lxc._Room.__init__", lambda self: setattr(self, "lines", 3))
    _, look = one_of("lxc.net.0.type = veth\nlxc.start.auto = 1\nlxc.idmap = u 0 100000 65536\n")
    assert look.fact((1,), nothing="").notes == (
        "/var/lib/lxc/a/config was not read to its end: LXC has more settings than this version reads",
    )


def test_a_container_may_lie_behind_a_link():
    files = {"/var/lib/lxc/c": Link(b"/srv/c"), "/srv/c/config": "lxc.uts.name = c\n"}
    assert [one.path for one in lxc_containers(Gathering(guest_with(files)))] == [b"/var/lib/lxc/c"]


def test_what_is_included_and_not_there_is_said():
    _, look = one_of("lxc.include = /gone.conf")
    assert "/gone.conf is included by a container of LXC, and is not there" in remarks(look)


def test_includes_in_a_circle_and_without_number_come_to_an_end(monkeypatch):
    _, look = one_of("lxc.include = /circle.conf", circle="lxc.include = /circle.conf\n")
    assert look.fact((1,), nothing="").partial
    many = "lxc.include = /many.conf\n" * 65_000
    files = {"/var/lib/lxc/a/config": many, "/many.conf": many, "/etc/lxc/lxc.conf": "lxc.lxcpath = /x\n" * 9000}
    guest = guest_with(files)
    asked: list[bytes] = []

    def counted(real: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        def ask(path: bytes) -> Any:
            asked.append(path)
            return real(path)

        return ask

    for name in ("stat", "list_folder"):
        monkeypatch.setattr(guest.tree, name, counted(getattr(guest.tree, name)))
    look = Gathering(guest)
    list(lxc_containers(look))
    assert len(asked) < 500
    assert look.fact((1,), nothing="").partial


@given(st.text(alphabet="lxc.netidmapmount.entry = \n\"'#/:1", max_size=200))
def test_any_text_is_borne(text):
    files = {"/var/lib/lxc/a/config": File(text.encode()), "/etc/lxc/lxc.conf": File(text.encode())}
    list(lxc_containers(Gathering(guest_with(files))))
