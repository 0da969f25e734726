"""How the outcome of a check is told: as a table with a line for each link, as JSON, and as an exit code."""

from pathlib import Path
from typing import Any

from imgkit.cli.console import Console
from imgkit.cli.tables import table
from imgkit.errors import Differs, DoneInPart
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import Outcome
from imgkit.pipeline.repairing import RepairResult

_WORDS = {Outcome.HELD: "held", Outcome.FAILED: "DIFFERS", Outcome.UNDETERMINED: "could not look"}


def show_result(console: Console, path: Path, result: CheckResult, repaired: RepairResult | None) -> None:
    """Tell every link, what is to know besides, and what was repaired."""
    console.result(_as_text(path, result, repaired), _as_data(path, result, repaired))


def judge(path: Path, result: CheckResult) -> None:
    """Raise Differs where a link broke, DoneInPart where one could not be looked at."""
    failed, unknown = result.of(Outcome.FAILED), result.of(Outcome.UNDETERMINED)
    if failed:
        raise Differs(
            f"{path} does not hold: {_describe(failed[0])}" + (f", and {len(failed) - 1} more" if failed[1:] else ""),
            hint="What differs is named above. What can be fetched or made again, imgkit check --repair puts right.",
        )
    if unknown:
        raise DoneInPart(f"{path}: {_describe(unknown[0])}", hint="All that could be looked at holds.")


def _describe(link: LinkOutcome) -> str:
    return f"{link.subject}: {link.link}: {link.detail}"


def _as_text(path: Path, result: CheckResult, repaired: RepairResult | None) -> str:
    rows = [(_WORDS[link.outcome], link.disk, link.subject, link.link, link.detail) for link in result.links]
    lines = [table(("OUTCOME", "DISK", "WHAT", "LINK", ""), rows), *(f"note: {note}" for note in result.notes)]
    if repaired is not None:
        lines += [f"repaired: {each}" for each in repaired.repaired] or ["nothing was repaired"]
        lines += [f"not repaired: {each}: {why}" for each, why in repaired.unrepaired]
    if result.held:
        count = len(result.links)
        lines.append(f"{path} holds: {count} link{'' if count == 1 else 's'}")
    return "\n".join(lines)


def _as_data(path: Path, result: CheckResult, repaired: RepairResult | None) -> dict[str, Any]:
    told: dict[str, Any] = {"path": str(path), **_links(result), "notes": list(result.notes)}
    if repaired is not None:
        told["repair"] = {
            "before": _links(repaired.before),
            "repaired": list(repaired.repaired),
            "not_repaired": [{"path": each, "reason": why} for each, why in repaired.unrepaired],
        }
    return told


def _links(result: CheckResult) -> dict[str, Any]:
    return {
        "held": result.held,
        "links": [
            {
                "disk": each.disk,
                "subject": each.subject,
                "link": each.link,
                "outcome": each.outcome.value,
                "detail": each.detail,
            }
            for each in result.links
        ],
    }
