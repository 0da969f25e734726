"""qemu-img: converting, checking, measuring and describing; nodes in, typed results out."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from imgkit.errors import Differs, NoRoom, ToolFailed
from imgkit.model.formats import DiskFormat
from imgkit.process import Completed, Running, Word, ended_after, run, start
from imgkit.tools.qemu_program import Node, bounded, json_name, require, tied_to_us, version_of
from imgkit.units import GiB

_PERCENT = re.compile(rb"\((\d+(?:\.\d+)?)/100%\)")
_LONGEST_PROGRESS_LINE = 64
_CHECK_SECONDS = 4 * 3600
_HEADER_SECONDS = 300
# A header may be made so that work never ends; honest work is bounded by the size: the slowest writer, zlib in
# streamOptimized, was measured at 12 s of one core a GiB.
_CPU_SECONDS_EACH_GIB = 240
_CPU_SECONDS_BASE = 600
_READ_FAILED = "error while reading"
_WALL_SECONDS_EACH_CPU_SECOND = 4  # a slow disk may be waited for, and not for ever
_NO_ROOM_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")


class CheckOutcome(StrEnum):
    """What qemu-img's exit codes mean. `LEAKS` is lost room, not lost data."""

    CLEAN = "clean"
    LEAKS = "leaks"
    CORRUPT = "corrupt"
    FAILED = "failed"
    NOT_CHECKABLE = "not checkable"


_OUTCOMES = {0: CheckOutcome.CLEAN, 1: CheckOutcome.FAILED, 2: CheckOutcome.CORRUPT, 3: CheckOutcome.LEAKS,
             63: CheckOutcome.NOT_CHECKABLE}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A structure check. `reason` is what qemu-img said where it found something or could not look."""

    outcome: CheckOutcome
    corruptions: int = 0
    leaks: int = 0
    errors: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How large a file would become, as the data is, and if all of it were data."""

    required_bytes: int
    fully_allocated_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QemuInfo:
    """A guarded image in qemu-img's own words."""

    format: str
    virtual_size: int
    actual_size: int
    dirty: bool
    backing_name: str = ""


def version() -> str:
    """Return qemu-img's version. Raises ToolMissing, ToolTooOld."""
    return version_of(require("qemu-img"))


def convert(
    source: Node,
    target: Path,
    *,
    to: DiskFormat,
    virtual_size: int,
    options: Mapping[str, str] | None = None,
    compress: bool = False,
    on_percent: Callable[[float], None] | None = None,
) -> tuple[str, ...]:
    """Write `target`, which must not exist, and return the arguments that did it.

    Nothing is durable yet when this returns: qemu-img's default cache mode ignores flushes. Raises NoRoom, ToolFailed,
    and Differs where the source cannot be read.
    """
    argv = convert_arguments(require("qemu-img"), source, target, to=to, options=options or {}, compress=compress)
    cpu_seconds = _CPU_SECONDS_BASE + _CPU_SECONDS_EACH_GIB * (virtual_size // GiB)
    with (
        start(tied_to_us(argv), limits=bounded(cpu_seconds)) as child,
        ended_after(child, cpu_seconds * _WALL_SECONDS_EACH_CPU_SECOND),
    ):
        _follow(child, on_percent)
        returncode = child.wait()
        said = child.stderr_tail
    if returncode:
        raise _conversion_failed(target, to, returncode, said)
    return tuple(str(word) for word in argv[1:])


def convert_arguments(
    program: Path, source: Node, target: Path, *, to: DiskFormat, options: Mapping[str, str], compress: bool
) -> list[Word]:
    """Return the argument list of a conversion."""
    argv: list[Word] = [
        program,
        "convert",
        "-p",
        *(["-c"] if compress else []),
        "-O",
        to.qemu_name,
    ]
    for key, value in options.items():
        argv += ["-o", f"{key}={value.replace(',', ',,')}"]  # QEMU's way of writing a comma in a value
    return [
        *argv,
        json_name(source),
        target.absolute(),  # begins with a slash, so that QEMU never takes it for an option or a protocol: nbd:x
    ]


def check(node: Node, *, timeout_seconds: float = _CHECK_SECONDS) -> CheckResult:
    """Check an image's own structure. Raw images and VHDs have none that qemu-img could check."""
    argv: list[Word] = [
        require("qemu-img"),
        "check",
        "--output=json",
        json_name(node),
    ]
    done = _run(argv, timeout_seconds, accept=tuple(_OUTCOMES))
    outcome = _OUTCOMES[done.returncode]
    found = _parse(done.stdout) if done.stdout.strip() else {}
    reason = done.stderr_tail.splitlines()
    return CheckResult(
        outcome=outcome,
        corruptions=_count(found, "corruptions"),
        leaks=_count(found, "leaks"),
        errors=_count(found, "check-errors"),
        reason="" if outcome is CheckOutcome.CLEAN else (reason[-1] if reason else ""),
    )


def measure(node: Node, *, to: DiskFormat, options: Mapping[str, str] | None = None) -> Measured:
    """Ask how much room a conversion needs; qemu-img knows it of raw and qcow2 targets only."""
    argv: list[Word] = [
        require("qemu-img"),
        "measure",
        "--output=json",
        "-O",
        to.qemu_name,
    ]
    for key, value in (options or {}).items():
        argv += ["-o", f"{key}={value.replace(',', ',,')}"]
    found = _parse(_run([*argv, json_name(node)], _HEADER_SECONDS).stdout)
    return Measured(
        required_bytes=_count(found, "required"),
        fully_allocated_bytes=_count(found, "fully-allocated"),
    )


def info(node: Node) -> QemuInfo:
    """Ask what QEMU itself makes of an image."""
    argv: list[Word] = [
        require("qemu-img"),
        "info",
        "--output=json",
        json_name(node),
    ]
    found = _parse(_run(argv, _HEADER_SECONDS).stdout)
    return QemuInfo(
        format=str(found.get("format", "")),
        virtual_size=_count(found, "virtual-size"),
        actual_size=_count(found, "actual-size"),
        dirty=found.get("dirty-flag") is True,
        backing_name=str(found.get("backing-filename", "")),
    )


def parse_percent(line: bytes) -> float | None:
    """Return the last percentage in what `-p` has printed so far, None where there is none."""
    found = _PERCENT.findall(line)
    return float(found[-1]) if found else None


def _follow(child: Running, on_percent: Callable[[float], None] | None) -> None:
    """Read the progress to its end; it comes as `    (12.34/100%)` and a carriage return."""
    kept = b""
    while block := child.stdout.read1(4096):  # type: ignore[attr-defined]  # a BufferedReader in truth
        kept = kept[-_LONGEST_PROGRESS_LINE:] + block
        percent = parse_percent(kept)
        if percent is not None and on_percent is not None:
            on_percent(percent)


def _run(argv: list[Word], timeout_seconds: float, *, accept: tuple[int, ...] = (0,)) -> Completed:
    limits = bounded(int(timeout_seconds))
    return run(tied_to_us(argv), timeout_seconds=timeout_seconds, limits=limits, accept=accept)


def _parse(output: bytes) -> dict[str, object]:
    try:
        found = json.loads(output)
    except ValueError as error:
        raise ToolFailed(f"qemu-img answered with something that is no JSON: {output[:80]!r}") from error
    if not isinstance(found, dict):
        raise ToolFailed(f"qemu-img answered with a JSON {type(found).__name__} instead of an object")
    return cast("dict[str, object]", found)


def _count(found: Mapping[str, object], key: str) -> int:
    value = found.get(key, 0)
    return value if isinstance(value, int) else 0


def _last_complaint(said: str) -> str:
    """Return the last line that begins with the program's name: behind it come lines of advice."""
    lines = said.splitlines()
    return next((line for line in reversed(lines) if line.startswith("qemu-img: ")), lines[-1] if lines else "")


def _conversion_failed(target: Path, to: DiskFormat, returncode: int, said: str) -> NoRoom | Differs | ToolFailed:
    reason = _last_complaint(said) or f"exit code {returncode}"
    if any(words in said for words in _NO_ROOM_WORDS):
        return NoRoom(
            f"no room left while writing {to} beside {target.parent}: {reason}",
            hint="Free some room, or choose another place with -o. Nothing of the unfinished file is left.",
        )
    if _READ_FAILED in said:
        return Differs(
            f"the source cannot be read whole: {reason}",
            hint="It is damaged there, or the disk that holds it fails. What can be read, --salvage reads.",
        )
    return ToolFailed(
        f"qemu-img could not convert to {to}: {reason}",
        hint="The log (--log-file or -v) has the whole command.",
        returncode=returncode,
        stderr_tail=said,
    )
