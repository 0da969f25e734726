from pathlib import Path

import pytest

from imgkit.errors import TargetExists
from imgkit.samples.rpm_disk import make_rpm_disk, system_files
from imgkit.samples.rpm_packages import PACKAGES, RpmBackend


@pytest.mark.parametrize("backend", RpmBackend)
def test_it_is_a_system_with_a_database_and_a_program_that_belongs_to_no_package(backend: RpmBackend):
    files = {file.path: file for file in system_files("Packages", b"database", backend)}
    assert files["/var/lib/rpm/Packages"].content == b"database"
    assert b'ID="alinux"' in files["/etc/os-release"].content
    programs = {path.rpartition("/")[2] for path, file in files.items() if file.mode == 0o4755}
    assert programs - {package.name for package in PACKAGES} == {"stranger"}


def test_a_disk_that_is_there_is_not_overwritten(tmp_path: Path):
    (tmp_path / "system.raw").write_bytes(b"mine")
    with pytest.raises(TargetExists):
        make_rpm_disk(tmp_path / "system.raw", backend=RpmBackend.SQLITE)
    assert [path.name for path in tmp_path.iterdir()] == ["system.raw"]
