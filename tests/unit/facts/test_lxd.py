from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Link, Shut, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.lxd import lxd_containers

POOL = "/var/lib/lxd/storage-pools/default/containers"
CONFIG = """
    environment.TOKEN: s3cret
    image.description: busy
    security.privileged: "true"
    volatile.base_image: 9e9f3c5548f03fb004bbb52d75065522c366bea4ac9ae49f14c95eeea04055e8"""
DEVICES = """
    etc:
      path: /hostetc
      readonly: "true"
      source: /etc
      type: disk
    root:
      path: /
      pool: default
      type: disk"""
# As LXD 5.0.2 of Debian 12 writes it, shortened; `web` ran when it was read.
WEB = f"""\
container:
  architecture: x86_64
  config:{CONFIG}
  devices:{DEVICES}
  ephemeral: false
  created_at: 2026-11-28T23:44:49.239491132Z
  expanded_config:{CONFIG}
  expanded_devices:{DEVICES}
  name: web
  status: Stopped
  last_used_at: 1970-01-01T00:00:00Z
  type: container
pool:
  name: default
  driver: dir
"""
QUIET = """\
container:
  expanded_config:
    boot.autostart: "true"
    raw.lxc: lxc.apparmor.profile=unconfined
    security.nesting: "true"
    user.note: s3cret
    volatile.base_image: 9e9f3c55
  expanded_devices:
    disk: {type: unix-block, source: /dev/vdb}
    p: {connect: "tcp:127.0.0.1:80", listen: "tcp:0.0.0.0:8080", type: proxy}
    volume: {type: disk, pool: default, source: data, path: /data}
"""
FILES = {
    "/var/lib/lxd/containers/web": Link(f"{POOL}/web".encode()),
    "/var/lib/lxd/containers/quiet": Link(f"{POOL}/quiet".encode()),
    "/var/lib/lxd/containers/elsewhere": Link(f"{POOL}/elsewhere".encode()),
    f"{POOL}/web/backup.yaml": WEB,
    f"{POOL}/quiet/backup.yaml": QUIET,
    f"{POOL}/elsewhere": Folder(),
}


def test_containers_are_told_by_their_backup():
    look = Gathering(guest_with(FILES))
    elsewhere, quiet, web = lxd_containers(look)
    assert (web.name, web.image, web.privileged, web.path) == ("web", "busy", True, b"/var/lib/lxd/containers/web")
    assert web.created == datetime(2026, 11, 28, 23, 44, 49, 239491, tzinfo=UTC)
    assert (web.running, web.started) == (None, None), "it says Stopped, and was written before the start"
    assert (web.binds, web.environment) == (("/etc:/hostetc:ro",), ("TOKEN",))
    assert (quiet.image, quiet.privileged, quiet.restart) == ("9e9f3c55", False, "boot.autostart")
    assert (quiet.binds, quiet.ports) == (("/dev/vdb:/dev/vdb",), ("tcp:0.0.0.0:8080 to tcp:127.0.0.1:80",))
    assert quiet.labels == ("note",)
    assert (elsewhere.name, elsewhere.privileged) == ("elsewhere", None)
    assert "s3cret" not in repr((web, quiet))
    fact = look.fact((web,), nothing="")
    assert fact.remarks == (
        "the container quiet may start containers itself",
        "the container quiet is not confined by AppArmor",
        "the container web is privileged",
        "the container web sees /etc of the system",
    )
    assert not fact.partial


@pytest.mark.parametrize("yes", ["1", "on", "YES", "true"])
def test_yes_is_said_in_several_ways(yes):
    device = f'{{type: disk, source: /srv, path: /s, readonly: "{yes}"}}'
    expanded = f'{{security.privileged: "{yes}", boot.autostart: "{yes}"}}'
    text = f'instance:\n  config: {{security.privileged: "no"}}\n  expanded_config: {expanded}\n'
    text += f"  expanded_devices: {{a: {device}}}\n"
    (found,) = lxd_containers(Gathering(guest_with({"/var/lib/incus/containers/a/backup.yaml": text})))
    assert (found.privileged, found.restart, found.binds) == (True, "boot.autostart", ("/srv:/s:ro",))


def test_settings_of_lxc_itself_count():
    raw = "|\n      lxc.mount.entry = / host none bind 0 0\n      lxc.net.0.type = none\n"
    text = f"container:\n  expanded_config:\n    raw.lxc: {raw}"
    look = Gathering(guest_with({"/var/lib/lxd/containers/a/backup.yaml": text}))
    (found,) = lxd_containers(look)
    assert (found.binds, found.network) == (("/:/host",), "host")
    assert "the container a sees / of the system" in look.fact((1,), nothing="").remarks


def test_no_more_yaml_is_read_than_there_is_time_for(monkeypatch):
    monkeypatch.setattr("imgkit.facts.lxd._MOST_BYTES", 2 * len(QUIET))
    files = {f"/var/lib/lxd/containers/{name}/backup.yaml": QUIET for name in "abc"}
    look = Gathering(guest_with(files))
    assert [one.image for one in lxd_containers(look)] == ["9e9f3c55", "9e9f3c55", ""]
    assert look.fact((1,), nothing="").partial


def test_a_backup_that_cannot_be_read_leaves_the_name():
    for odd in ("a: [", Shut("torn")):
        look = Gathering(guest_with({"/var/lib/incus/containers/a/backup.yaml": odd}))
        (found,) = lxd_containers(look)
        assert (found.name, found.image) == ("a", "")
        assert look.fact((found,), nothing="").partial


@given(st.text(alphabet="container: expanded_devices\n  -[]{}\"'&*1", max_size=200))
def test_any_text_is_borne(text):
    list(lxd_containers(Gathering(guest_with({"/var/lib/lxd/containers/a/backup.yaml": text}))))
