"""The record beside a lone archive or disk image: `NAME.imgkit.json`."""

from dataclasses import dataclass
from datetime import datetime

from imgkit.model.manifest import FileRecord, StepRecord

LONE_SCHEMA = "imgkit/file/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoneRecord:
    """What a file is that lies outside any image set, and how it came to be. `source` is a name, never a signed URL.

    `container` is set for a file that holds a disk and is no disk image itself: `e01`, `tar.gz`.
    """

    created: datetime
    imgkit_version: str
    source: str
    file: FileRecord
    step: StepRecord
    guest_sha256: str = ""
    container: str = ""
    schema: str = LONE_SCHEMA
