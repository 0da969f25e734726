"""Records of single files, beside them: what `download`, `unpack` and `convert` leave outside image sets."""

from pathlib import Path

from imgkit.evidence.codec import from_json, to_json
from imgkit.files.whole import read_evidence, write_bytes_durably
from imgkit.model.lone import LoneRecord

SUFFIX = ".imgkit.json"


def record_path(file: Path) -> Path:
    """Return where a file's record lies."""
    return file.with_name(file.name + SUFFIX)


def write_lone_record(file: Path, record: LoneRecord) -> None:
    """Write the record beside its file, replacing an older one."""
    write_bytes_durably(record_path(file), to_json(record))


def read_lone_record(file: Path) -> LoneRecord | None:
    """Read the record beside a file; None where there is none. Raises ValueError when it is malformed."""
    try:
        return from_json(LoneRecord, read_evidence(record_path(file)))
    except FileNotFoundError:
        return None
