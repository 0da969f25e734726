"""Files that are held whole, byte for byte: size, SHA-256 and, where one is known, CRC-64."""

from collections.abc import Iterator
from pathlib import Path

from imgkit.disks.file_digest import file_sha256
from imgkit.evidence.measuring import measure_file
from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import FileRecord
from imgkit.progress import Progress
from imgkit.stages.verify.links import AS_RECORDED, Job, looked, unknown

NO_DIGEST = "no digest was taken when it was made (--no-verify)"


def plain_job(folder: Path, record: FileRecord, *, disk: str = "", known: "Known | None" = None) -> Job:
    """Return the work that holds a small file against its record."""

    def look(progress: Progress) -> Iterator[LinkOutcome]:
        yield check_plain(folder, record, progress, known)

    return Job(look=look, work_bytes=record.size, serial=True, disk=disk)


class Known:
    """Which file of a set has which SHA-256: a file swapped with another is called by that one's name."""

    def __init__(self, records: tuple[FileRecord, ...] = ()) -> None:
        self._names = {each.sha256: each.path.as_posix() for each in records if each.sha256}

    def whose(self, sha256: str, record: FileRecord) -> str:
        """Return words for the file that these bytes are, nothing where they are of none."""
        name = self._names.get(sha256)
        return f": these are the bytes of {name}" if name and name != record.path.as_posix() else ""


def check_plain(folder: Path, record: FileRecord, progress: Progress, known: Known | None = None) -> LinkOutcome:
    subject = record.path.as_posix()
    if not record.sha256:
        return unknown(subject, AS_RECORDED, NO_DIGEST)
    return looked(subject, AS_RECORDED, lambda: _compare(folder / record.path, record, progress, known or Known()))


def _compare(path: Path, record: FileRecord, progress: Progress, known: Known) -> str:
    size, title = path.stat().st_size, f"checking {record.path.name}"
    if record.crc64 is None and size:
        sha256, crc = file_sha256(path, progress=progress, title=title), None
    else:
        measured = measure_file(path, progress=progress, title=title)
        sha256, crc = measured.sha256, measured.crc64
    if size != record.size:
        return f"it has {size} bytes and not {record.size}{known.whose(sha256, record)}"
    if record.crc64 is not None and crc != record.crc64:
        return f"its CRC-64 differs{known.whose(sha256, record)}"
    return "" if sha256 == record.sha256 else f"its SHA-256 differs{known.whose(sha256, record)}"
