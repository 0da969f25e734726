"""Where the objects of a bucket lie on disk: names that can never leave their folder, and the record beside each.

    <bucket>/objects/<encoded key>           the bytes
    <bucket>/records/<encoded key>.json      what OSS tells about them
    <bucket>/versions/<encoded key>/<id>     earlier versions, each with its record
    <bucket>/incoming/                       objects that are not whole yet

A file that somebody drops into `objects/` is an object too: its record is made when it is first asked for.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from imgkit.simulator.restoring import Restore

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Everything that OSS tells about one object."""

    key: str
    size: int
    etag: str  # without quotes
    crc64: int
    modified: datetime
    storage_class: str = "Standard"
    object_type: str = "Normal"
    version_id: str = ""
    content_type: str = "application/octet-stream"
    metadata: tuple[tuple[str, str], ...] = field(default=())
    restore: Restore | None = None


def encode_key(key: str) -> str:
    """Return a file name for a key: percent-encoded, never `.` or `..`; long ones end in a digest."""
    name = quote(key, safe="")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:100]}~{hashlib.sha256(key.encode()).hexdigest()}"


def decode_key(name: str) -> str:
    """Return the key of a file that has no record; only shortened names cannot be decoded."""
    return unquote(name)


def write_record(path: Path, stored: StoredObject) -> None:
    """Write a record; large numbers are strings, times are ISO 8601."""
    words = asdict(stored)
    words["crc64"] = str(stored.crc64)
    words["modified"] = stored.modified.isoformat()
    if stored.restore is not None:
        restore = stored.restore
        words["restore"] = {"ready": restore.ready.isoformat(), "until": restore.until.isoformat()}
    path.write_text(json.dumps(words, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_record(path: Path) -> StoredObject | None:
    """Read a record; None where there is none, or one that cannot be understood."""
    try:
        words: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        stored = StoredObject(**{**words, "restore": None, "metadata": ()})
        return replace(
            stored,
            crc64=int(words["crc64"]),
            modified=datetime.fromisoformat(words["modified"]),
            metadata=tuple((str(name), str(value)) for name, value in words["metadata"]),
            restore=_read_restore(words["restore"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _read_restore(words: dict[str, str] | None) -> Restore | None:
    if words is None:
        return None
    return Restore(ready=datetime.fromisoformat(words["ready"]), until=datetime.fromisoformat(words["until"]))
