"""A file of SHA-256 sums, as `sha256sum` writes them: every file that it names, on all cores, holes not read."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from imgkit.disks.file_digest import file_sha256
from imgkit.errors import NotAccessible
from imgkit.evidence.measuring import measure_file
from imgkit.files.whole import open_evidence, read_evidence
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.stages.verify.at_once import run_jobs
from imgkit.stages.verify.links import Job, looked, unknown
from imgkit.units import KiB

SUM = "SHA-256 as in the file of sums"
_LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]{64}) [ *](?P<name>.+)")
_TAGGED = re.compile(r"(?P<escaped>\\?)SHA256 \((?P<name>.+)\) = (?P<digest>[0-9A-Fa-f]{64})")
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}


def is_sums_file(path: Path) -> bool:
    """Say whether a file begins with a line of SHA-256 sums; one that cannot be read does not."""
    try:
        with open_evidence(path) as file:
            first = file.read(8 * KiB).decode("utf-8", "surrogateescape").partition("\n")[0]
    except OSError:
        return False
    return _parse(first.removesuffix("\r")) is not None


def check_sums(path: Path, *, progress: Progress = NULL_PROGRESS) -> CheckResult:
    """Hold every file that is named against its sum; names are meant from the folder of the file of sums.

    Raises NotAccessible, also where it is too large for a file of sums.
    """
    try:
        text = read_evidence(path).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise NotAccessible(f"cannot read {path}: {error.strerror or error}") from error
    jobs = [_job(path, number, line.removesuffix("\r")) for number, line in _lines(text)]
    return CheckResult(links=tuple(run_jobs(jobs, title=f"checking {path.name}", progress=progress)))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _job(path: Path, number: int, line: str) -> Job:
    parsed = _parse(line)
    if parsed is None:
        unread = unknown(f"{path.name}, line {number}", SUM, "it is no line of SHA-256 sums")
        return Job(look=lambda _progress: (unread,))
    digest, name = parsed
    file = path.parent / name
    size = file.stat().st_size if file.is_file() else 0
    return Job(look=partial(_look, file, name, digest), work_bytes=size, serial=True)


def _parse(line: str) -> tuple[str, str] | None:
    found = _LINE.fullmatch(line) or _TAGGED.fullmatch(line)
    if found is None:
        return None
    name = found["name"]
    if found["escaped"]:
        name = re.sub(r"\\[nr\\]", lambda each: _ESCAPES[each[0]], name)
    return found["digest"].lower(), name


def _look(file: Path, name: str, digest: str, progress: Progress) -> Iterator[LinkOutcome]:
    def differs() -> str:
        taken = file_sha256 if file.stat().st_size else _sha256_of_empty
        return "" if taken(file, progress=progress, title=f"hashing {file.name}") == digest else "it differs"

    yield looked(name, SUM, differs)


def _sha256_of_empty(file: Path, *, progress: Progress, title: str) -> str:
    return measure_file(file, progress=progress, title=title).sha256
