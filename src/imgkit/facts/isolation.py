"""One collector that fails never stops the others: its fact becomes "could not be determined", with the reason."""

import logging
import traceback
from collections.abc import Callable
from typing import TypeVar

from imgkit.errors import ImgkitError
from imgkit.facts.room import Room
from imgkit.model.fact import Fact, FactState, facts_within
from imgkit.model.report import Diagnostic, DiagnosticLevel

log = logging.getLogger(__name__)

T = TypeVar("T")


def determine(collector: Callable[[], Fact[T]], room: Room | None = None) -> Fact[T]:
    """Return what `collector` found, as far as `room` has it; where it raises, that nobody knows, and why."""
    try:
        found = collector()
        return room.fit(found) if room is not None else found
    except ImgkitError as error:
        return Fact.undetermined(error.message)
    except (OSError, MemoryError) as error:
        return Fact.undetermined(f"this machine failed: {type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  # a bug in one collector must not cost the other facts
        return Fact.undetermined(_describe_bug(error))


def diagnostics_of(value: object, subject: str) -> tuple[Diagnostic, ...]:
    """Return what the facts inside a noun have to say about themselves, in the order of its fields."""
    return tuple(one for where, fact in facts_within(value, subject) for one in _fact_diagnostics(where, fact))


def _describe_bug(error: Exception) -> str:
    """Name the error and its place. Its words stay out, also of the log: they may quote a password's hash."""
    frames = traceback.extract_tb(error.__traceback__)
    log.debug("a collector failed with %s:\n%s", type(error).__name__, "".join(traceback.format_list(frames)))
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"imgkit failed on it with {type(error).__name__} at {place}; please report this"


def _fact_diagnostics(subject: str, fact: Fact[object]) -> tuple[Diagnostic, ...]:
    undetermined, note = DiagnosticLevel.UNDETERMINED, DiagnosticLevel.NOTE
    remarks = tuple(Diagnostic(subject=subject, level=DiagnosticLevel.REMARK, message=words) for words in fact.remarks)
    if fact.state is FactState.UNDETERMINED:
        return (Diagnostic(subject=subject, level=undetermined, message=fact.reason),)
    level = undetermined if fact.partial else note
    return (*(Diagnostic(subject=subject, level=level, message=words) for words in fact.notes), *remarks)
