import os
import stat
from pathlib import Path

import pytest

from imgkit.samples import system_tree
from imgkit.samples.system_tree import NOT_UTF8, OWNERS, ROOT_UUID, build_system_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without its packages, which dpkg puts there."""
    made = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system_tree, "install_packages", lambda *_, **__: None)
        build_system_tree(made, scratch=made, filler_bytes=400_000)
    return made


def test_fstab_names_the_root_and_both_data_disks(root: Path):
    lines = [line.split() for line in (root / "etc/fstab").read_text().splitlines() if not line.startswith("#")]
    assert [(line[0], line[1]) for line in lines] == [
        (f"UUID={ROOT_UUID}", "/"),
        ("/dev/vdb1", "/data"),
        ("/dev/mapper/vg_srv-lv_www", "/srv"),
        ("tmpfs", "/tmp"),
    ]
    assert all((root / line[1].lstrip("/")).is_dir() for line in lines)


def test_it_has_what_readers_trip_over(root: Path):
    home = os.fsencode(root / "home/admin")
    assert os.path.lexists(home + b"/" + NOT_UTF8)
    assert (root / "home/admin/loop").readlink() == Path("loop")
    assert (root / "home/admin/outside").readlink().parts.count("..") > 3
    assert (root / "etc/localtime").readlink().is_absolute()


def test_private_folders_are_private_and_shared_ones_sticky(root: Path):
    assert stat.S_IMODE((root / "root/.ssh").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777


def test_every_owner_has_a_file(root: Path):
    assert all(os.path.lexists(root / path.lstrip("/")) for path in OWNERS)
    assert len((root / "boot/initrd.img-6.1.0-18-cloud-amd64").read_bytes()) > 100_000
