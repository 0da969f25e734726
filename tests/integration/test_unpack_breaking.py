"""Interrupted, killed, out of room, without rights: nothing half-done is left, and what to do is said."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.exploding_archives import deflated, gzipping, zero_disk
from tests.unit.archives import tar_samples as t
from tests.unit.archives.tar_corpus import TAR

from imgkit.units import MiB

ENGINES = ("gnu", "builtin")
SECONDS = 300  # for what takes one; a busy machine is no hang
AS_ROOT = "root may write anywhere: this one runs again as an ordinary user"

pytestmark = pytest.mark.tools("tar")


@pytest.fixture
def long_one(tmp_path: Path) -> Path:
    """An archive that takes seconds, because four GiB of zeroes are hashed."""
    archive = tmp_path / "long.raw.tar.gz"
    archive.write_bytes(zero_disk(4096, gzipping()))
    (tmp_path / "tmp").mkdir()
    return archive


def words(archive: Path, engine: str) -> list[str]:
    folder = str(archive.parent / "out")
    return [sys.executable, "-m", "imgkit", "unpack", str(archive), "-o", folder, "--tar", engine]


@contextmanager
def at_work(archive: Path, engine: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has begun to write."""
    environment = os.environ | {"TMPDIR": str(archive.parent / "tmp")}
    pipe = subprocess.PIPE
    with subprocess.Popen(words(archive, engine), env=environment, stdout=pipe, stderr=pipe, text=True) as child:
        until = time.monotonic() + SECONDS
        while not (archive.parent / "out" / "long.raw.imgkit-partial").exists():
            assert child.poll() is None, "it ended before it began to write"
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.2)
        yield child
        child.kill()


def leftovers(archive: Path) -> list[str]:
    out = archive.parent / "out"
    return [each.name for each in (*(out.iterdir() if out.exists() else ()), *(archive.parent / "tmp").iterdir())]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_an_interruption_leaves_nothing(long_one: Path, number: signal.Signals, code: int, engine: str) -> None:
    with at_work(long_one, engine) as child:
        child.send_signal(number)
        said = child.communicate(timeout=SECONDS)[1]
    assert (child.returncode, leftovers(long_one)) == (code, [])
    assert said.splitlines()[-1].startswith("imgkit: interrupted" if code == 130 else "imgkit: terminated")


@pytest.mark.parametrize("engine", ENGINES)
def test_after_a_kill_the_same_command_does_it(long_one: Path, engine: str) -> None:
    with at_work(long_one, engine) as child:
        child.kill()
        child.communicate(timeout=SECONDS)
    assert leftovers(long_one) == ["long.raw.imgkit-partial"]
    long_one.write_bytes(zero_disk(8, gzipping()))
    again = subprocess.run(words(long_one, engine), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert again.returncode == 0, again.stderr
    assert sorted(leftovers(long_one)) == ["long.raw", "long.raw.imgkit.json"]


def test_a_second_run_keeps_its_hands_off_the_first_ones_file(long_one: Path) -> None:
    with at_work(long_one, "gnu") as child:
        child.send_signal(signal.SIGSTOP)  # so that it has not ended before the second begins
        second = subprocess.run(words(long_one, "builtin"), capture_output=True, text=True, check=False)
        child.send_signal(signal.SIGCONT)
        first = child.communicate(timeout=SECONDS)
    assert second.returncode == 23, second.stderr
    assert "another run is writing" in second.stderr
    assert child.returncode == 0, first[1]
    assert sorted(leftovers(long_one)) == ["long.raw", "long.raw.imgkit.json"]


def may_mount() -> bool:
    asked = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return (
        shutil.which("unshare") is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_full_disk_is_said_and_emptied_again(kind: str, engine: str, tmp_path: Path) -> None:
    if not may_mount():
        pytest.skip("a small file system of one's own cannot be mounted here")
    noise = os.urandom(48 * MiB)
    made = t.file(noise) if kind == "dense" else t.pax_sparse_10(noise, [(0, 48 * MiB)], 64 * MiB)
    (tmp_path / "a.raw.tar.gz").write_bytes(deflated(made + t.END))
    (tmp_path / "small").mkdir()
    unpack = f"{sys.executable} -m imgkit unpack a.raw.tar.gz -o small --tar {engine}"
    script = f"mount -t tmpfs -o size=40m none small && {{ {unpack}; echo $?; ls -A small; }}"
    shell = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.stdout.split() == ["82"], done.stderr
    assert done.stderr.startswith("imgkit: no room left while ")


@pytest.mark.ordinary_user
def test_a_folder_without_rights_is_named_and_left_alone(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip(AS_ROOT)
    archive = tmp_path / "a.raw.tar.gz"
    archive.write_bytes(deflated(TAR))
    (tmp_path / "out").mkdir(mode=0o555)
    for engine in ENGINES:
        done = subprocess.run(words(archive, engine), capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 83, done.stderr
        assert done.stderr.startswith("imgkit: cannot write to "), done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.ordinary_user
def test_an_archive_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip(AS_ROOT)
    archive = tmp_path / "a.raw.tar.gz"
    archive.write_bytes(deflated(TAR))
    archive.chmod(0)
    done = subprocess.run(words(archive, "builtin"), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 83, done.stderr
    assert done.stderr.startswith("imgkit: cannot read "), done.stderr
    assert not (tmp_path / "out").exists()
