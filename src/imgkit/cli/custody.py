"""Reading commands leave a line in a set's custody; where the set cannot be written, they say that they did not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imgkit.cli.console import Console
from imgkit.cli.surroundings import now
from imgkit.evidence.custody import append_custody
from imgkit.evidence.image_set import CUSTODY_NAME
from imgkit.model.custodian import Custodian


def note_reading(
    console: Console, folder: Path, event: str, who: Custodian, *, subject: Mapping[str, Any] | None = None
) -> None:
    """Append the line, or say why there is none."""
    try:
        append_custody(folder / CUSTODY_NAME, event, custodian=who, now=now(), subject=subject)
    except OSError as error:
        console.say(f"note: not recorded in custody, for {folder / CUSTODY_NAME} cannot be written ({error.strerror})")
