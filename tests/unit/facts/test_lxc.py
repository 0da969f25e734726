from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import File, Folder, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.lxc import lxc_containers, lxc_roots

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
    assert mine.environment == ("TOKEN", "PLAIN", "MORE")
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
    assert [(one.id, one.name) for one in lxc_containers(look)] == [("a", "b")]


@given(st.text(alphabet="lxc.netidmapmount.entry = \n\"'#/:1", max_size=200))
def test_any_text_is_borne(text):
    files = {"/var/lib/lxc/a/config": File(text.encode()), "/etc/lxc/lxc.conf": File(text.encode())}
    list(lxc_containers(Gathering(guest_with(files))))
