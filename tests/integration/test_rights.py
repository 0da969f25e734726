"""What depends on file rights; root may do everything, so these run again as an ordinary user."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.loopback import IMAGE_ID, Loopback, put_image

from imgkit.simulator import Simulator

pytestmark = [pytest.mark.ordinary_user, pytest.mark.tools("qemu-img", "qemu-nbd", "tar")]
AS_ROOT = "root may write anywhere: this one runs again as an ordinary user"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    for name in ("work", "cloud"):
        (tmp_path / name).mkdir()
    with Simulator(tmp_path / "cloud") as simulator:
        disks = put_image(simulator, tmp_path / "disks", {"system": 6})
        yield Loopback(simulator=simulator, folder=tmp_path / "work", disks=disks)


def _close(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            (Path(place) / name).chmod(0o444)
        Path(place).chmod(0o555)


def _open(folder: Path) -> None:
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o755)


def _digests(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_the_whole_road_needs_no_rights(cloud):
    done = cloud.imgkit("fetch", IMAGE_ID, "--no-inspect", "--to", "qcow2")
    assert done.code == 0, done.err
    assert cloud.imgkit("check", IMAGE_ID).code == 0


def test_a_set_that_may_not_be_written_is_checked_and_left_as_it_is(cloud):
    if os.geteuid() == 0:
        pytest.skip(AS_ROOT)
    assert cloud.imgkit("fetch", IMAGE_ID, "--no-inspect", "--to", "qcow2").code == 0
    folder = cloud.folder / IMAGE_ID
    _close(folder)
    before = _digests(folder)
    try:
        checked = cloud.imgkit("check", IMAGE_ID)
        assert checked.code == 0, checked.err
        assert "not recorded in custody" in checked.err
        assert _digests(folder) == before
    finally:
        _open(folder)


def test_a_folder_that_may_not_be_written_is_refused_by_name(cloud):
    if os.geteuid() == 0:
        pytest.skip(AS_ROOT)
    closed = cloud.folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    refused = cloud.imgkit("fetch", IMAGE_ID, "--no-inspect", "-o", "closed/set")
    assert (refused.code, "closed" in refused.err) == (83, True), refused.err
    assert not cloud.simulator.tasks


def test_an_archive_that_may_not_be_read_is_refused_by_name(cloud):
    if os.geteuid() == 0:
        pytest.skip(AS_ROOT)
    archive = cloud.folder / f"{IMAGE_ID}_system.raw.tar.gz"
    archive.write_bytes(b"secret")
    archive.chmod(0)
    refused = cloud.imgkit("fetch", archive.name, "--no-inspect")
    assert (refused.code, archive.name in refused.err) == (83, True), refused.err
