"""The written intent of an export, made durable before ECS is asked: ExportImage has no client token."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from imgkit.files.whole import write_bytes_durably
from imgkit.model.task import ExportRequest
from imgkit.units import format_utc, parse_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportIntent:
    """What was going to be sent, and the tasks of the image that were there before. `task_id` is empty until known.

    `request_id` is that of ExportImage, empty where its answer never came.
    """

    request: ExportRequest
    intended: datetime
    known_tasks: tuple[str, ...] = ()
    task_id: str = ""
    request_id: str = ""


def write_intent(path: Path, intent: ExportIntent) -> None:
    """Replace the journal durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = asdict(intent) | {"intended": format_utc(intent.intended)}
    write_bytes_durably(path, (json.dumps(record, sort_keys=True) + "\n").encode())


def read_intent(path: Path) -> ExportIntent | None:
    """Read the journal; None where there is none, or one that cannot be read: then the cloud is asked."""
    try:
        record = json.loads(path.read_bytes())
        return ExportIntent(
            request=ExportRequest(**record["request"]),
            intended=parse_utc(record["intended"]),
            known_tasks=tuple(record["known_tasks"]),
            task_id=record["task_id"],
            request_id=record.get("request_id", ""),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None
