"""A file of sums, as `sha256sum`, `sha1sum` and `md5sum` write them: every file that it names, on all cores."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
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

_LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]+) [ *](?P<name>.+)")
_TAGGED = re.compile(r"(?P<escaped>\\?)(?P<tag>SHA256|SHA1|MD5) \((?P<name>.+)\) = (?P<digest>[0-9A-Fa-f]+)")
_BY_DIGITS = {64: "SHA-256", 40: "SHA-1", 32: "MD5"}  # MD5 and SHA-1 show accidents, and no intent
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}


def is_sums_file(path: Path) -> bool:
    """Say whether a file begins with a line of sums; one that cannot be read does not."""
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
        unread = unknown(f"{path.name}, line {number}", "is a sum", "it is no line of SHA-256, SHA-1 or MD5 sums")
        return Job(look=lambda _progress: (unread,))
    file = path.parent / parsed.name
    size = file.stat().st_size if file.is_file() else 0
    return Job(look=partial(_look, file, parsed), work_bytes=size, serial=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    kind: str
    digest: str
    name: str


def _parse(line: str) -> _Sum | None:
    found = _LINE.fullmatch(line) or _TAGGED.fullmatch(line)
    kind = _BY_DIGITS.get(len(found["digest"])) if found else None
    if found is None or kind is None or found.groupdict().get("tag") not in {None, kind.replace("-", "")}:
        return None
    name = found["name"]
    if found["escaped"]:
        name = re.sub(r"\\[nr\\]", lambda each: _ESCAPES[each[0]], name)
    return _Sum(kind=kind, digest=found["digest"].lower(), name=name)


def _look(file: Path, told: _Sum, progress: Progress) -> Iterator[LinkOutcome]:
    def differs() -> str:
        return "" if _digest(file, told.kind, progress) == told.digest else "it differs"

    yield looked(told.name, f"{told.kind} as in the file of sums", differs)


def _digest(file: Path, kind: str, progress: Progress) -> str:
    title = f"hashing {file.name}"
    if kind != "SHA-256":
        algorithm = kind.replace("-", "").lower()
        return measure_file(file, also=[algorithm], progress=progress, title=title).also[algorithm]
    if file.stat().st_size:
        return file_sha256(file, progress=progress, title=title)
    return measure_file(file, progress=progress, title=title).sha256
