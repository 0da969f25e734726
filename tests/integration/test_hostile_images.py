"""Hostile and damaged images through the real command line: how each must end, and what must never happen.

Never: a traceback, exit code 1, a byte of a file that the image has no business with, a hang, something left behind.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.hostile_case import DIFFERS, FAILED, NO_ACCESS, READ, SECRET, Case
from tests.integration.hostile_corpus import cases
from tests.unit.cli.command_line import Ended, imgkit

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd")

CASES = tuple(cases())
LONGEST_SECONDS = 120
CHECK_ENDS = {3, 4, 51, 52, 60, 82, 83}  # it says of an image what is wrong with it, or that there is no record


class Hang(BaseException):
    """A command went on for longer than any may."""


@pytest.fixture(autouse=True)
def _never_hangs() -> Iterator[None]:
    def too_long(number: int, frame: object) -> None:
        raise Hang

    previous = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private folders are made; they must be gone at the end."""
    path = tmp_path / "t"
    path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


def test_the_corpus_is_large_and_every_name_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) > 250
    assert sum(case.info != READ or case.read != READ for case in CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.encode("unicode_escape").decode()[:60])
def test_a_hostile_image_ends_as_it_must(case: Case, tmp_path: Path, secret: Path, scratch: Path) -> None:
    home, out = tmp_path / "home of it", tmp_path / "out"
    home.mkdir()
    out.mkdir()
    image = case.make(home, secret)
    words = [word.format(folder=home) for word in case.words]
    before = _listing(home)
    for command, codes in _commands(case, image, out):
        _require_sound(imgkit(*command, *words), codes, out)
    if not case.is_brief:
        formats = ["--second-format", words[1]] if words[:1] == ["--format"] else []
        _require_sound(imgkit("compare", *words, *formats, "--", image, image), {case.read}, out)
        _require_sound(imgkit("check", "--", image), CHECK_ENDS, out)
    assert (len(list(out.iterdir())) == 0) == (case.read != READ), "a result where there must be none, or none at all"
    assert _listing(home) == before, "something was left beside the image"
    assert list(scratch.iterdir()) == [], "a private folder was left"
    assert secret.read_bytes() == SECRET
    assert _programs() == []


def _commands(case: Case, image: Path, out: Path) -> Iterator[tuple[list[object], set[int] | frozenset[int]]]:
    yield ["info", image], {case.info}
    damaged = {FAILED} if case.read == DIFFERS else set()  # qemu-img reads it first
    yield ["convert", image, "--to", "qcow2", "-o", out / "a.qcow2"], case.by_qemu | damaged | {case.read}
    if case.is_brief:
        return
    yield ["convert", image, "--to", "raw", "-o", out / "a.raw"], {case.read}
    yield ["info", "--map", image], {case.info if case.read == DIFFERS else case.read}  # nothing is inflated for a map
    yield ["hash", "--guest", image], {case.read}
    yield ["hash", "--guest", "--reader", "qemu", image], case.by_qemu


def _require_sound(ended: Ended, codes: set[int] | frozenset[int], out: Path) -> None:
    told = ended.out + ended.err
    assert ended.code in codes, f"ended with {ended.code}: {told}"
    assert "Traceback" not in told
    assert "\x1b" not in told
    assert SECRET[:16].decode() not in told
    for path in out.rglob("*"):
        assert path.is_dir() or SECRET[:16] not in path.read_bytes(), "a byte of the host"
    if ended.code:
        assert ended.err.count("imgkit: ") == 1, ended.err
        assert ended.err.count("\nhint: ") == 1, ended.err


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size) for path in folder.rglob("*"))


def _programs() -> list[str]:
    """Return the programs of QEMU's family that are our children still."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"qemu" in words:
            found.append(words.decode(errors="replace"))
    return found


def test_a_file_that_nobody_may_look_at_is_told_as_such(tmp_path: Path) -> None:
    ended = imgkit("info", tmp_path / "no such folder" / "disk.img")
    assert ended.code == NO_ACCESS
