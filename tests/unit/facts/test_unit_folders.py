from tests.unit.facts.tree import Link, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.homes import Home
from imgkit.facts.unit_folders import (
    all_users_folders,
    home_folders,
    is_runtime,
    scopes,
    system_folders,
)

EVE = Home(path=b"/home/eve", users=("eve",))


def test_the_first_folder_that_has_a_unit_wins():
    files = {
        "/etc/systemd/system/a.service": "",
        "/usr/lib/systemd/system/a.service": "",
        "/usr/lib/systemd/system/x": "",
    }
    found = system_folders(Gathering(guest_with(files)))
    assert {name: folder for name, (folder, _) in found.units.items()} == {"a.service": b"/etc/systemd/system"}


def test_a_linked_lib_is_looked_at_once():
    files = {"/usr/lib/systemd/system/a.service": "", "/lib": Link(b"usr/lib")}
    found = system_folders(Gathering(guest_with(files)))
    assert found.units["a.service"][0] == b"/usr/lib/systemd/system"


def test_links_are_noted_by_name_and_by_template():
    files = {
        "/etc/systemd/system/getty.target.wants/getty@tty1.service": Link(b"/usr/lib/systemd/system/getty@.service")
    }
    found = system_folders(Gathering(guest_with(files)))
    assert [link.dependent for link in found.links["getty@.service"]] == ["getty.target"]
    assert found.links["getty@.service"] == found.links["getty@tty1.service"]


def test_drop_ins_come_by_file_name_the_special_and_the_first_folder_winning():
    files = {
        "/usr/lib/systemd/system/service.d/10-a.conf": "",
        "/usr/lib/systemd/system/a.service.d/10-a.conf": "",
        "/usr/lib/systemd/system/a.service.d/05-b.conf": "",
        "/etc/systemd/system/a.service.d/05-b.conf": "",
        "/etc/systemd/system/a.service.d/no": "",
    }
    assert system_folders(Gathering(guest_with(files))).drop_ins_of("a.service") == (
        b"/etc/systemd/system/a.service.d/05-b.conf",
        b"/usr/lib/systemd/system/a.service.d/10-a.conf",
    )


def test_a_home_has_its_own_units_and_what_all_users_have_behind_them():
    files = {"/home/eve/.config/systemd/user/m.service": "", "/usr/lib/systemd/user/p.service": ""}
    look = Gathering(guest_with(files))
    shared = all_users_folders(look)
    found = home_folders(look, EVE, shared)
    assert found is not None
    assert (sorted(found.units), found.scope) == (["m.service", "p.service"], "/home/eve")
    assert home_folders(look, Home(path=b"/root", users=()), shared) is None
    assert [one.scope for one in scopes(look, (EVE,))] == ["system", "user", "/home/eve"]


def test_what_lies_under_run_is_gone_after_the_next_start():
    assert (is_runtime(b"/run/systemd/system"), is_runtime(b"/etc/systemd/system")) == (True, False)
