"""Reading commands change nothing in a set but its custody, and work where not even that may be written.

Root may write anywhere, so what is about rights runs again as an ordinary user. Access times are held for commands that
read by themselves: qemu-img and libguestfs open images on their own.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.integration.loopback import IMAGE_ID, Loopback, put_image

from imgkit.opening import read_evidence
from imgkit.simulator import Simulator

pytestmark = [pytest.mark.ordinary_user, pytest.mark.tools("qemu-img", "qemu-nbd", "tar")]
AS_ROOT = "root may write anywhere: this one runs again as an ordinary user"
LONG_AGO = 1_000_000_000_000_000_000
RAW, QCOW2 = f"{IMAGE_ID}/system.raw", f"{IMAGE_ID}/system.qcow2"
ARCHIVE = f"{IMAGE_ID}/objects/{IMAGE_ID}_system.raw.tar.gz"

BY_ITSELF = {
    "info": ("info", RAW),
    "info-map": ("info", "--map", QCOW2),
    "hash": ("hash", "--guest", "--sha256", RAW),
    "hash-qcow2": ("hash", "--guest", QCOW2),
    "compare": ("compare", RAW, QCOW2),
    "compare-chunks": ("compare", RAW, f"{IMAGE_ID}/digests/system.chunks"),
    "unpack": ("unpack", ARCHIVE, "-o", "out"),
    "bag": ("bag", IMAGE_ID, "-o", "bag"),
    "bag-copy": ("bag", IMAGE_ID, "-o", "bag", "--copy"),
    "check-file": ("check", RAW),
}
WITH_PROGRAMS = {
    "check": ("check", IMAGE_ID),
    "convert": ("convert", RAW, "--to", "vdi", "-o", "out/system.vdi"),
    "convert-qcow2": ("convert", QCOW2, "--to", "raw", "-o", "out/again.raw"),
    "compare-by-qemu": ("compare", "--reader", "qemu", RAW, QCOW2),
}


@dataclass(frozen=True)
class Trace:
    """What a file of the set is, and when it was changed and read."""

    sha256: str
    changed: int
    read: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    folder = tmp_path_factory.mktemp("reading")
    for name in ("work", "cloud"):
        (folder / name).mkdir()
    with Simulator(folder / "cloud") as simulator:
        disks = put_image(simulator, folder / "disks", {"system": 6})
        cloud = Loopback(simulator=simulator, folder=folder / "work", disks=disks)
        done = cloud.imgkit("fetch", IMAGE_ID, "--no-inspect", "--to", "raw", "--to", "qcow2")
        assert done.code == 0, done.err
        yield cloud


@pytest.fixture
def cloud(made: Loopback, tmp_path: Path) -> Iterator[Loopback]:
    """A copy of the set that nobody has read for long."""
    shutil.copytree(made.folder, tmp_path / "work")
    (tmp_path / "work" / "out").mkdir()
    for path in _files(tmp_path / "work" / IMAGE_ID):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    yield replace(made, folder=tmp_path / "work")
    for place, _, _ in os.walk(tmp_path):
        Path(place).chmod(0o755)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _traces(folder: Path, *, but: tuple[str, ...] = ("custody.jsonl",)) -> dict[str, Trace]:
    found = {}
    for path in _files(folder):
        if path.name not in but:
            seen = path.stat()
            digest = hashlib.sha256(read_evidence(path)).hexdigest()
            found[str(path)] = Trace(digest, seen.st_mtime_ns, seen.st_atime_ns)
    return found


def _unread(traces: dict[str, Trace]) -> dict[str, Trace]:
    return {name: replace(trace, read=0) for name, trace in traces.items()}


@pytest.mark.parametrize("name", BY_ITSELF)
def test_what_reads_by_itself_leaves_no_trace_but_in_custody(cloud: Loopback, name: str):
    before = _traces(cloud.folder / IMAGE_ID)
    lines = (cloud.folder / IMAGE_ID / "custody.jsonl").read_bytes()
    done = cloud.imgkit(*BY_ITSELF[name])
    assert done.code == 0, done.err
    assert _traces(cloud.folder / IMAGE_ID) == before
    after = (cloud.folder / IMAGE_ID / "custody.jsonl").read_bytes()
    assert after.startswith(lines)
    assert len(after) > len(lines)


@pytest.mark.parametrize("name", WITH_PROGRAMS)
def test_what_starts_programs_changes_no_byte_and_no_time_of_change(cloud: Loopback, name: str):
    before = _traces(cloud.folder / IMAGE_ID)
    done = cloud.imgkit(*WITH_PROGRAMS[name])
    assert done.code == 0, done.err
    assert _unread(_traces(cloud.folder / IMAGE_ID)) == _unread(before)


def test_check_reads_all_but_what_qemu_img_opens_without_a_trace(cloud: Loopback):
    opened_by_qemu = ("custody.jsonl", "system.qcow2")
    before = _traces(cloud.folder / IMAGE_ID, but=opened_by_qemu)
    assert cloud.imgkit("check", IMAGE_ID).code == 0
    assert _traces(cloud.folder / IMAGE_ID, but=opened_by_qemu) == before


@pytest.mark.tools("guestfs")
def test_looking_inside_changes_no_byte_and_no_time_of_change(cloud: Loopback):
    before = _traces(cloud.folder / IMAGE_ID)
    done = cloud.imgkit("inspect", IMAGE_ID)
    assert done.code == 0, done.err
    assert _unread(_traces(cloud.folder / IMAGE_ID)) == _unread(before)


@pytest.mark.parametrize("name", [*BY_ITSELF, *WITH_PROGRAMS])
def test_a_set_that_may_not_be_written_is_read_all_the_same(cloud: Loopback, name: str):
    if os.geteuid() == 0:
        pytest.skip(AS_ROOT)
    folder = cloud.folder / IMAGE_ID
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = _traces(folder, but=())
    done = cloud.imgkit(*(BY_ITSELF | WITH_PROGRAMS)[name])
    assert done.code == 0, done.err
    assert "not recorded in custody" in done.err
    assert _unread(_traces(folder, but=())) == _unread(before)


def test_a_file_of_the_users_choice_takes_the_lines_and_check_holds_it(cloud: Loopback):
    before = _traces(cloud.folder / IMAGE_ID, but=())
    for name in ("info", "compare", "unpack"):
        assert cloud.imgkit(*BY_ITSELF[name], "--custody-file", "kept.jsonl").code == 0
    assert _traces(cloud.folder / IMAGE_ID, but=()) == before
    checked = cloud.imgkit("check", IMAGE_ID, "--custody-file", "kept.jsonl", "--json")
    assert checked.code == 0, checked.err
    kept = [link for link in checked.data["links"] if link["subject"] == "kept.jsonl"]
    assert [link["link"] for link in kept] == ["chain of lines", "follows the set's custody"]


def test_a_file_of_somebody_else_is_read_where_its_access_time_cannot_be_kept():
    if os.geteuid() == 0:
        pytest.skip("root may keep the access time of every file")
    assert read_evidence(Path("/etc/passwd"))
