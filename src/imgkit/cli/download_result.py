"""What `imgkit download` tells at its end: a line for each object, one JSON document, and how it exits."""

from collections.abc import Sequence
from typing import Any, TypeVar

from imgkit.cli.console import Console
from imgkit.errors import Differs, DoneInPart, ImgkitError
from imgkit.model.checked import CheckedObject
from imgkit.model.download import DownloadedObject
from imgkit.model.manifest import Outcome
from imgkit.pipeline.mending import MendedObject
from imgkit.units import describe_bytes

Result = TypeVar("Result")

_WORDS = {Outcome.HELD: "held", Outcome.FAILED: "DIFFERS", Outcome.UNDETERMINED: "could not tell"}


def show_downloaded(console: Console, results: Sequence[DownloadedObject | ImgkitError]) -> None:
    """Tell what came. Raises the first error of an object, else DoneInPart where one could not be proven."""
    done, errors = _apart(results)
    _give(console, [_line(each) for each in done], [_as_data(each) for each in done], errors)
    _require_proven(done)


def show_mended(console: Console, results: Sequence[MendedObject | ImgkitError]) -> None:
    """Tell what was fetched again and what held. Raises as above."""
    mended, errors = _apart(results)
    lines = [_mended_line(each) for each in mended]
    _give(console, lines, [_mended_as_data(each) for each in mended], errors)
    _require_proven([each.fetched for each in mended if each.fetched is not None])
    _require_told([each.found for each in mended if each.fetched is None])


def show_checked(console: Console, results: Sequence[CheckedObject | ImgkitError]) -> None:
    """Tell what holds. Raises Differs where one does not, DoneInPart where one could not be judged."""
    found, errors = _apart(results)
    _give(console, [_checked_line(each) for each in found], [_checked_as_data(each) for each in found], errors)
    differing = [each for each in found if each.outcome is Outcome.FAILED]
    if differing:
        raise Differs(
            f"{differing[0].path} differs: {differing[0].detail}"
            + (f"; and {len(differing) - 1} more" if len(differing) > 1 else ""),
            hint="--repair fetches only the parts that differ, where the parts file is there.",
        )
    _require_told(found)


def _apart(results: Sequence[Result | ImgkitError]) -> tuple[list[Result], list[ImgkitError]]:
    errors = [each for each in results if isinstance(each, ImgkitError)]
    return [each for each in results if not isinstance(each, ImgkitError)], errors


def _give(console: Console, lines: list[str], data: list[dict[str, Any]], errors: list[ImgkitError]) -> None:
    """An error that stands alone is the command's; beside results, all but the first are told here."""
    if errors and not data:
        raise errors[0]
    console.result("\n".join(lines), {"objects": data})
    for error in errors[1:]:
        console.warn(error.message)
    if errors:
        raise errors[0]


def _require_proven(done: Sequence[DownloadedObject]) -> None:
    unproven = [each.path.name for each in done if not each.crc_proven]
    if unproven:
        raise DoneInPart(
            f"not proven, for the service names no CRC-64: {', '.join(unproven)}",
            hint="Hold their SHA-256 against another source, if there is one.",
        )


def _require_told(found: Sequence[CheckedObject]) -> None:
    untold = [each for each in found if each.outcome is Outcome.UNDETERMINED]
    if untold:
        raise DoneInPart(
            f"{untold[0].path}: {untold[0].detail}" + (f"; and {len(untold) - 1} more" if len(untold) > 1 else ""),
            hint="All that could be looked at holds.",
        )


def _line(done: DownloadedObject) -> str:
    proof = "CRC-64 held" if done.crc_proven else "NOT PROVEN: the service names no CRC-64"
    return f"{done.path}  {describe_bytes(done.size)}  {proof}  SHA-256 {done.sha256}"


def _checked_line(found: CheckedObject) -> str:
    return f"{found.path}  {_WORDS[found.outcome]}: {found.detail}"


def _mended_line(mended: MendedObject) -> str:
    if mended.fetched is None:
        return _checked_line(mended.found)
    how = "mended" if mended.found.is_here else "downloaded"
    return f"{_line(mended.fetched)}  ({how}: {describe_bytes(mended.fetched.fetched_bytes)} fetched)"


def _as_data(done: DownloadedObject) -> dict[str, Any]:
    return {
        "path": str(done.path),
        "size": done.size,
        "sha256": done.sha256,
        "crc64": str(done.crc64),
        "crc_proven": done.crc_proven,
        "version_id": done.info.version_id,
        "fetched_bytes": done.fetched_bytes,
        "reused_bytes": done.reused_bytes,
        "notes": list(done.notes),
    }


def _checked_as_data(found: CheckedObject) -> dict[str, Any]:
    return {
        "path": str(found.path),
        "outcome": found.outcome.value,
        "detail": found.detail,
        "size": found.size,
        "crc64": None if found.crc64 is None else str(found.crc64),
        "service_crc64": None if found.info.crc64 is None else str(found.info.crc64),
        "differing_parts": list(found.differing),
        "parts": found.part_count,
        "notes": list(found.notes),
    }


def _mended_as_data(mended: MendedObject) -> dict[str, Any]:
    fetched = None if mended.fetched is None else _as_data(mended.fetched)
    return {"found": _checked_as_data(mended.found), "fetched": fetched}
