"""Reading commands leave a line in a set's custody; where the set cannot be written, they say that they did not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from imgkit.cli.console import Console
from imgkit.cli.options import custodian
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import NotAccessible, SettingsError
from imgkit.evidence.custody import append_custody, read_custody
from imgkit.evidence.image_set import CUSTODY_NAME, set_of
from imgkit.evidence.whereabouts import bag_of
from imgkit.files.whole import appending_alone, real_path
from imgkit.model.custodian import Custodian
from imgkit.tools.versions import versions_of_started

_ELSEWHERE = "--custody-file FILE keeps the line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who reads; `file` takes the lines, where the user named one, and the sets themselves stay as they are."""

    custodian: Custodian
    file: Path | None = None


def reading(
    *,
    examiner: str | None = None,
    case: str | None = None,
    reason: str | None = None,
    custody_file: Path | None = None,
) -> Reading:
    """Return who reads, as flags and settings say.

    Raises NotAccessible where the custody file cannot be written: that is better known before hours of reading.
    """
    settled = open_services(examiner=examiner, case=case).settings
    if custody_file is not None:
        _require_appendable(custody_file)
    who = custodian(examiner=settled.examiner, case=settled.case, reason=reason)
    return Reading(custodian=who, file=custody_file)


def note_reading(
    console: Console,
    place: Path,
    event: str,
    reader: Reading,
    *,
    subject: Mapping[str, Any] | None = None,
    tools: Iterable[tuple[str, str]] = (),
) -> None:
    """Append the line of the set in which this file or folder lies, or say why there is none; nothing outside a set.

    Raises NotAccessible where the file that the user named for it cannot be written.
    """
    folder = set_of(place)
    if folder is None:
        return
    told = {**_named(place, folder), **(subject or {})}
    used = (*versions_of_started(), *tools)
    append = partial(append_custody, event=event, custodian=reader.custodian, now=now(), subject=told, tools=used)
    if reader.file is not None:
        _note_elsewhere(folder, reader.file, append)
        return
    try:
        _refuse_bag(folder)
        append(folder / CUSTODY_NAME)
    except OSError as error:
        console.say(f"note: not recorded in custody, for {_why(folder, error)} ({_ELSEWHERE})")


def _named(place: Path, folder: Path) -> dict[str, str]:
    """Name a file of a set as the record does; a set itself needs no name."""
    whole = next(each for each in (place.absolute(), real_path(place)) if each.is_relative_to(folder))
    return {} if whole == folder else {"file": whole.relative_to(folder).as_posix()}


def _note_elsewhere(folder: Path, file: Path, append: Callable[..., object]) -> None:
    try:
        append(file, follows=read_custody(folder / CUSTODY_NAME).here())
    except OSError as error:
        raise _not_writable(file, error) from error


def _refuse_bag(folder: Path) -> None:
    bag = bag_of(folder)
    if bag is not None:
        raise OSError(0, f"the set lies in the bag {bag}, which would no longer be valid")


def _require_appendable(file: Path) -> None:
    if file.name == CUSTODY_NAME and set_of(file.parent) is not None:
        raise SettingsError(
            f"--custody-file {file} is the custody record of a set itself",
            hint="Leave the option out to write there, or name a file outside the set.",
        )
    try:
        with appending_alone(file):
            pass
    except OSError as error:
        raise _not_writable(file, error) from error


def _not_writable(file: Path, error: OSError) -> NotAccessible:
    return NotAccessible(
        f"cannot write the custody file {file}: {error.strerror or error}",
        hint="Choose another one with --custody-file; a link or a pipe is not taken.",
    )


def _why(folder: Path, error: OSError) -> str:
    if not error.errno:
        return error.strerror or str(error)
    return f"{folder / CUSTODY_NAME} cannot be written ({error.strerror})"
