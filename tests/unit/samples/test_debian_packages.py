import os
import stat
from pathlib import Path

from imgkit.samples.debian_packages import PackageFile, SamplePackage, make_folders, write_file


def test_the_control_file_has_a_source_only_where_it_differs():
    package = SamplePackage(name="openssh-server", version="1:9.2", summary="a server", source="openssh", files=())
    assert package.control.startswith("Package: openssh-server\nSource: openssh\nVersion: 1:9.2\nArchitecture: amd64\n")
    assert "Source" not in SamplePackage(name="bash", version="5", summary="a shell", files=()).control


def test_rights_do_not_depend_on_the_umask(tmp_path: Path):
    before = os.umask(0o077)
    try:
        write_file(tmp_path, PackageFile(path="/usr/bin/sudo", content=b"x", mode=0o4755))
        make_folders(tmp_path / "var/lib")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "usr/bin/sudo").stat().st_mode) == 0o4755
    assert stat.S_IMODE((tmp_path / "usr").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "var/lib").stat().st_mode) == 0o755


def test_a_link_is_a_link(tmp_path: Path):
    write_file(tmp_path, PackageFile(path="/etc/os-release", link="../usr/lib/os-release"))
    assert (tmp_path / "etc/os-release").readlink() == Path("../usr/lib/os-release")
