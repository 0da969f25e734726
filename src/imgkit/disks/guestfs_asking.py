"""Asking libguestfs one question at a time: what has no answer is noted with its reason, and the rest goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from imgkit.model.storage import Undetermined
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker


@dataclass(slots=True, kw_only=True)
class Asking:
    """`undetermined` collects what could not be answered."""

    worker: GuestfsWorker
    undetermined: list[Undetermined] = field(default_factory=list)

    def ask(self, what: str, default: Any, name: str, *args: Any) -> Any:
        """Call a function of libguestfs; `what` names the question in a report."""
        return self.guarded(what, default, lambda: self.worker.call(name, *args))

    def text(self, what: str, name: str, mountable: str) -> str:
        """Ask for a text that may hold any bytes; what is not UTF-8 is escaped."""
        raw: bytes = self.guarded(what, b"", lambda: self.worker.text(name, mountable.encode()))
        return raw.decode("utf-8", "backslashreplace")

    def guarded(self, what: str, default: Any, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except GuestfsRefused as refused:
            self.note(what, short_reason(refused))
            return default

    def note(self, what: str, reason: str) -> None:
        self.undetermined.append(Undetermined(what=what, reason=reason))


def short_reason(refused: GuestfsRefused) -> str:
    """Return the last line of a refusal, which says what it was about."""
    lines = refused.message.strip().splitlines()
    return lines[-1].strip() if lines else "libguestfs gave no reason"
