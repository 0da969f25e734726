"""States of units against systemd's own `systemctl --root`, on a tree made for it and on this machine's own units."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration.folder_tree import FolderTree

from imgkit.facts.guest import Guest
from imgkit.facts.units import read_units

pytestmark = pytest.mark.tools("systemctl")

LIB, ETC, RUN, OPT = "usr/lib/systemd/system", "etc/systemd/system", "run/systemd/system", "opt"
SERVICE = "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n"
INSTALL = SERVICE + "[Install]\nWantedBy=multi-user.target\n"
FILES = {
    f"{LIB}/static.service": SERVICE,
    f"{LIB}/disabled.service": INSTALL,
    f"{LIB}/wanted.service": INSTALL,
    f"{LIB}/required.service": INSTALL,
    f"{LIB}/by-vendor.service": INSTALL,
    f"{LIB}/by-dropin.service": SERVICE,
    f"{ETC}/by-dropin.service.d/x.conf": "[Install]\nWantedBy=a.target\n",
    f"{LIB}/aliased.service": SERVICE + "[Install]\nAlias=other-name.service\n",
    f"{LIB}/also.service": SERVICE + "[Install]\nAlso=also.socket\n",
    f"{LIB}/also.socket": "[Socket]\nListenStream=/x\n[Install]\nWantedBy=sockets.target\n",
    f"{LIB}/masked.service": INSTALL,
    f"{LIB}/emptied.service": INSTALL,
    f"{ETC}/emptied.service": "",
    f"{LIB}/getty@.service": SERVICE + "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
    f"{LIB}/idle@.service": INSTALL,
    f"{LIB}/runtime.service": INSTALL,
    f"{LIB}/timed.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    f"{LIB}/timed.service": SERVICE,
    f"{OPT}/linked.service": SERVICE,
    f"{OPT}/linked-wanted.service": INSTALL,
    f"{ETC}/own.service": INSTALL,
    f"{LIB}/shadowed.service": INSTALL,
    f"{ETC}/shadowed.service": SERVICE,
    f"{LIB}/commented.service": "[Service]\nExecStart=/bin/a \\\n# WantedBy\n  b\n[Install]\n;WantedBy=x.target\n",
    f"{LIB}/emptied-list.service": "[Service]\nExecStart=/a\n[Install]\nWantedBy=x.target\nWantedBy=\n",
    "usr/lib/systemd/system-preset/50-x.preset": "enable wanted.service\ndisable timed.*\nenable getty@.service\n",
    "usr/lib/systemd/system-preset/90-x.preset": "disable *\n",
    "etc/os-release": "ID=x\n",
}
LINKS = {
    f"{ETC}/multi-user.target.wants/wanted.service": f"/{LIB}/wanted.service",
    f"{ETC}/a.target.requires/required.service": f"/{LIB}/required.service",
    f"{LIB}/a.target.wants/by-vendor.service": "../by-vendor.service",
    f"{ETC}/other-name.service": f"/{LIB}/aliased.service",
    f"{ETC}/masked.service": "/dev/null",
    f"{ETC}/getty.target.wants/getty@tty1.service": f"/{LIB}/getty@.service",
    f"{RUN}/a.target.wants/runtime.service": f"/{LIB}/runtime.service",
    f"{ETC}/timers.target.wants/timed.timer": f"/{LIB}/timed.timer",
    f"{ETC}/linked.service": f"/{OPT}/linked.service",
    f"{ETC}/linked-wanted.service": f"/{OPT}/linked-wanted.service",
    f"{ETC}/multi-user.target.wants/linked-wanted.service": f"/{OPT}/linked-wanted.service",
    f"{LIB}/vendor-alias.service": "static.service",
    f"{RUN}/run-masked.service": "/dev/null",
}


def make_tree(root: Path) -> Path:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, target in LINKS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    (root / "lib").symlink_to("usr/lib")
    return root


def told_by_systemctl(root: Path) -> dict[str, tuple[str, str]]:
    asked = ["systemctl", f"--root={root}", "list-unit-files", "--no-legend", "--no-pager", "--full"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = (line.split() for line in lines if line.strip())
    return {row[0]: (row[1], row[2] if len(row) > 2 else "-") for row in rows}


def told_by_us(root: Path) -> dict[str, tuple[str, str]]:
    fact = read_units(Guest(tree=FolderTree(root), label="x"))
    assert fact.value is not None
    return {unit.name: (unit.state.value, unit.preset or "-") for unit in fact.value if unit.scope == "system"}


def differences(root: Path) -> dict[str, tuple[object, object]]:
    """Compare states, and presets where systemctl shows one."""
    ours, theirs = told_by_us(root), told_by_systemctl(root)
    found: dict[str, tuple[object, object]] = {}
    for name in sorted({*ours, *theirs}):
        mine, its = ours.get(name), theirs.get(name)
        same = mine is not None and its is not None and mine[0] == its[0] and its[1] in {"-", mine[1]}
        if not same:
            found[name] = (mine, its)
    return found


def test_states_are_those_of_systemctl(tmp_path: Path):
    root = make_tree(tmp_path / "root")
    assert len(told_by_systemctl(root)) > 20
    assert differences(root) == {}


def test_states_are_those_of_systemctl_after_it_enabled_disabled_and_masked(tmp_path: Path):
    root = make_tree(tmp_path / "root")
    for words in (
        ["enable", "disabled.service", "also.service", "idle@one.service"],
        ["disable", "wanted.service", "other-name.service"],
        ["mask", "static.service"],
        ["unmask", "masked.service"],
    ):
        subprocess.run(["systemctl", f"--root={root}", *words], capture_output=True, check=True)
    assert differences(root) == {}


def test_states_are_those_of_systemctl_on_this_machines_own_units(tmp_path: Path):
    root = tmp_path / "root"
    for folder in ("etc/systemd", "usr/lib/systemd/system", "usr/lib/systemd/system-preset"):
        if Path("/", folder).is_dir():
            shutil.copytree(Path("/", folder), root / folder, symlinks=True, ignore_dangling_symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    if not told_by_systemctl(root):
        pytest.skip("this machine has no units of its own")
    assert differences(root) == {}
