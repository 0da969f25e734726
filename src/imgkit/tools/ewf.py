"""libewf's programs: ewfacquirestream writes an E01 from a pipe, ewfverify holds it, ewfexport reads it back."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import Differs, SettingsError
from imgkit.process import Running, Word, require_program, run, start
from imgkit.tools.qemu_program import tied_to_us

PACKAGE = "Debian and Ubuntu: ewf-tools; Fedora: libewf; Homebrew: libewf"
SUFFIX = ".E01"

_VERSION = re.compile(rb"\A\w+ (\d{8})")
_ONE_SEGMENT = 4 * 2**60  # everything in one file; EnCase reads such files from 6.7 on
_VERIFY_SECONDS_EACH_GIB, _VERIFY_SECONDS_BASE = 120, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFields:
    """What an E01 says of itself, for whoever opens it."""

    case_number: str = ""
    evidence_number: str = ""
    description: str = ""
    examiner: str = ""
    notes: str = ""

    def given(self) -> dict[str, str]:
        """Return what was said, under the words of the command line."""
        words = {"case": self.case_number, "evidence": self.evidence_number, "examiner": self.examiner}
        words |= {"description": self.description, "notes": self.notes}
        return {key: value for key, value in words.items() if value}

    def require_lines(self) -> None:
        """Raise SettingsError where a tab or a line's end would make libewf read a field as two."""
        for key, value in self.given().items():
            if not value.replace("\xa0", " ").isprintable():
                raise SettingsError(
                    f"--{key} {value!r} is not one line of plain text, and an E01 would hold it as something else",
                    hint="Leave out tabs, line ends and other control characters.",
                )


def require_all() -> None:
    """Raise ToolMissing where one of the programs is not there, before hours of work for it."""
    for name in ("ewfacquirestream", "ewfverify", "ewfexport"):
        require_program(name, package=PACKAGE)


def version() -> str:
    """Return libewf's version, a date. Raises ToolMissing."""
    said = run([require_program("ewfacquirestream", package=PACKAGE), "-V"], timeout_seconds=30, accept=(0, 1)).stdout
    found = _VERSION.match(said)
    return found[1].decode() if found else "unknown"


@contextmanager
def acquiring(target: Path, fields: CaseFields, *, compression: str) -> Iterator[Running]:
    """Start writing `target`, whose name ends in `.E01`, from what is written into `stdin`."""
    argv = acquire_arguments(require_program("ewfacquirestream", package=PACKAGE), target, fields, compression)
    with start(tied_to_us(argv), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        yield child


def acquire_arguments(program: Path, target: Path, fields: CaseFields, compression: str) -> list[Word]:
    """Return the argument list. Every value is an argument of its own, so that none can be taken for an option."""
    return [
        program,
        "-q",
        "-f", "encase6",
        "-c", compression,
        "-S", str(_ONE_SEGMENT),
        "-m", "fixed",
        "-M", "physical",
        "-C", fields.case_number,
        "-E", fields.evidence_number,
        "-D", fields.description,
        "-e", fields.examiner,
        "-N", fields.notes,
        "-t", target.absolute().with_suffix(""),
    ]  # fmt: skip


def verify(image: Path, *, size: int) -> None:
    """Hold every checksum and the stored MD5 of an E01. Raises Differs, ToolFailed."""
    argv: list[Word] = [require_program("ewfverify", package=PACKAGE), "-q", image.absolute()]
    timeout = _VERIFY_SECONDS_BASE + _VERIFY_SECONDS_EACH_GIB * (size // 2**30)
    done = run(tied_to_us(argv), timeout_seconds=timeout, accept=(0, 1))
    if done.returncode:
        said = (done.stdout.decode("utf-8", "replace") + done.stderr_tail).strip().splitlines()
        raise Differs(
            f"ewfverify does not hold {image}: {said[-1] if said else 'it said nothing'}",
            hint="The file is damaged. Make it again.",
        )


@contextmanager
def exporting(image: Path) -> Iterator[Running]:
    """Start reading the disk in an E01: its bytes come out of `stdout`, and words of the program behind them."""
    argv: list[Word] = [
        require_program("ewfexport", package=PACKAGE),
        "-q",
        "-u",
        "-f", "raw",
        "-t", "-",
        image.absolute(),
    ]  # fmt: skip
    with start(tied_to_us(argv)) as child:
        yield child
