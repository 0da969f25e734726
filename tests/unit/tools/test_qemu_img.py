"""qemu-img's argument lists, and what its answers mean."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from imgkit.errors import NoRoom, ToolFailed
from imgkit.model.formats import DiskFormat
from imgkit.process import Completed
from imgkit.tools import qemu_img
from imgkit.tools.qemu_img import CheckOutcome, check, convert, convert_arguments, info, measure, parse_percent
from imgkit.tools.qemu_program import Node

NODE: Node = {"driver": "qcow2", "backing": None, "file": {"driver": "file", "filename": "/private/disk0"}}
PROGRAM = Path("/usr/bin/qemu-img")


@pytest.fixture(autouse=True)
def _program_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_img, "require", lambda name: PROGRAM)
    monkeypatch.setattr(qemu_img, "tied_to_us", lambda argv: argv)


def answering(
    monkeypatch: pytest.MonkeyPatch, stdout: object, *, code: int = 0, stderr: str = ""
) -> list[Sequence[Any]]:
    called: list[Sequence[Any]] = []

    def run(argv: Sequence[Any], *, accept: Sequence[int], **limits: object) -> Completed:
        called.append(argv)
        assert limits["timeout_seconds"]
        assert limits["limits"]
        assert code in accept
        return Completed(stdout=json.dumps(stdout).encode() if stdout else b"", stderr_tail=stderr, returncode=code)

    monkeypatch.setattr(qemu_img, "run", run)
    return called


def test_the_target_is_absolute_so_that_it_is_no_protocol_and_no_option() -> None:
    for name in ("nbd:x", "-c", "json:{}"):
        argv = convert_arguments(PROGRAM, NODE, Path(name), to=DiskFormat.QCOW2, options={}, compress=False)
        assert str(argv[-1]) == str(Path.cwd() / name)


def test_the_format_is_explicit_and_the_source_a_node() -> None:
    argv = convert_arguments(PROGRAM, NODE, Path("/o"), to=DiskFormat.VHD, options={"force_size": "on"}, compress=False)
    assert argv[1:7] == ["convert", "-p", "-O", "vpc", "-o", "force_size=on"]
    assert argv[7] == "json:" + json.dumps(NODE)


def test_a_comma_in_an_option_starts_no_other_option() -> None:
    options = {"subformat": "fixed,backing_file=/etc/shadow"}
    argv = convert_arguments(PROGRAM, NODE, Path("/o"), to=DiskFormat.VHD, options=options, compress=False)
    assert "subformat=fixed,,backing_file=/etc/shadow" in argv


def test_compression_is_a_flag() -> None:
    assert "-c" in convert_arguments(PROGRAM, NODE, Path("/o"), to=DiskFormat.QCOW2, options={}, compress=True)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (b"    (0.00/100%)\r    (12.34/100%)\r", 12.34),
        (b"(100.00/100%)\r\n", 100.0),
        (b"(100/100%)", 100.0),
        (b"(12.", None),
    ],
)
def test_reads_the_last_percentage(printed: bytes, expected: float | None) -> None:
    assert parse_percent(printed) == expected


class FakeChild:
    def __init__(self, printed: bytes, returncode: int, stderr_tail: str) -> None:
        self.stdout = BytesIO(printed)
        self.returncode = returncode
        self.stderr_tail = stderr_tail

    def wait(self) -> int:
        return self.returncode


def converting(monkeypatch: pytest.MonkeyPatch, printed: bytes, *, code: int = 0, stderr: str = "") -> None:
    @contextmanager
    def start(*_: object, **__: object) -> Iterator[FakeChild]:
        yield FakeChild(printed, code, stderr)

    monkeypatch.setattr(qemu_img, "start", start)


def test_progress_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    converting(monkeypatch, b"    (50.00/100%)\r")
    seen: list[float] = []
    convert(NODE, tmp_path / "o", to=DiskFormat.QCOW2, virtual_size=512, on_percent=seen.append)
    assert seen == [50.0]


@pytest.mark.parametrize("words", ["No space left on device", "Disk quota exceeded", "File too large"])
def test_a_full_disk_is_no_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str) -> None:
    converting(monkeypatch, b"", code=1, stderr=f"qemu-img: error while writing: {words}")
    with pytest.raises(NoRoom):
        convert(NODE, tmp_path / "o", to=DiskFormat.VDI, virtual_size=512)


def test_any_other_failure_carries_what_was_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    converting(monkeypatch, b"", code=1, stderr="qemu-img: something else")
    with pytest.raises(ToolFailed, match="something else") as failed:
        convert(NODE, tmp_path / "o", to=DiskFormat.VDI, virtual_size=512)
    assert failed.value.returncode == 1


def test_advice_behind_a_complaint_is_not_taken_for_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = "qemu-img: o: Parameter 'cluster_size' expects a size\nYou may use k, M, G, T, P or E suffixes for them."
    converting(monkeypatch, b"", code=1, stderr=said)
    with pytest.raises(ToolFailed, match=r"expects a size$"):
        convert(NODE, tmp_path / "o", to=DiskFormat.QCOW2, virtual_size=512)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, CheckOutcome.CLEAN),
        (1, CheckOutcome.FAILED),
        (2, CheckOutcome.CORRUPT),
        (3, CheckOutcome.LEAKS),
        (63, CheckOutcome.NOT_CHECKABLE),
    ],
)
def test_exit_codes_of_check_have_names(monkeypatch: pytest.MonkeyPatch, code: int, outcome: CheckOutcome) -> None:
    answering(monkeypatch, {"corruptions": 2, "leaks": 3, "check-errors": 0}, code=code, stderr="qemu-img: why")
    result = check(NODE)
    assert (result.outcome, result.corruptions, result.leaks) == (outcome, 2, 3)
    assert result.reason == ("" if code == 0 else "qemu-img: why")


def test_a_check_without_an_answer_is_still_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, None, code=63)
    assert check(NODE).outcome is CheckOutcome.NOT_CHECKABLE


def test_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    called = answering(monkeypatch, {"required": 100, "fully-allocated": 200})
    measured = measure(NODE, to=DiskFormat.QCOW2, options={"compat": "1.1"})
    assert (measured.required_bytes, measured.fully_allocated_bytes) == (100, 200)
    assert "compat=1.1" in called[0]


def test_describes(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"format": "qcow2", "virtual-size": 512, "actual-size": 4096, "dirty-flag": True})
    found = info(NODE)
    assert (found.format, found.virtual_size, found.actual_size, found.dirty) == ("qcow2", 512, 4096, True)


@pytest.mark.parametrize("answer", [b"no json", b"[1]", b""])
def test_an_answer_that_is_no_object_is_a_failure(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(qemu_img, "run", lambda *_, **__: Completed(stdout=answer, stderr_tail=""))
    with pytest.raises(ToolFailed):
        info(NODE)
