from tests.unit.facts.tree import Folder, Link, guest_with

from imgkit.facts.bundles import read_bundles
from imgkit.model.fact import FactState
from imgkit.model.packages import Bundle, BundleKind


def test_snaps_are_listed_with_their_revisions_and_the_one_in_use():
    files = {
        "/var/lib/snapd/snaps/core_20_1.snap": b"",
        "/var/lib/snapd/snaps/lxd_100.snap": b"",
        "/var/lib/snapd/snaps/lxd_99.snap": b"",
        "/var/lib/snapd/snaps/partial": Folder(),
        "/snap/lxd/current": Link(b"100"),
    }
    assert read_bundles(guest_with(files)).value == (
        Bundle(kind=BundleKind.SNAP, name="core_20", revisions=("1",)),
        Bundle(kind=BundleKind.SNAP, name="lxd", revisions=("100", "99"), current="100"),
    )


def test_flatpaks_are_listed_by_architecture_and_branch():
    files = {
        "/var/lib/flatpak/app/org.x.App/x86_64/stable/abc/files": Folder(),
        "/var/lib/flatpak/app/org.x.App/current": Link(b"x86_64/stable"),
    }
    assert read_bundles(guest_with(files)).value == (
        Bundle(kind=BundleKind.FLATPAK, name="org.x.App", revisions=("x86_64/stable",), current="x86_64/stable"),
    )


def test_neither_is_absent():
    assert read_bundles(guest_with({})).state is FactState.ABSENT
