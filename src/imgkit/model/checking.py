"""What `imgkit check` finds: one outcome for each link of the chain, and none of them guessed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from imgkit.model.manifest import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOutcome:
    """`subject` is a file of the set or a disk, `link` what was held against what, `detail` what did not fit.

    `disk` is the role of the disk that it belongs to, empty for what concerns the whole set.
    """

    subject: str
    link: str
    outcome: Outcome
    detail: str = ""
    disk: str = ""

    def of_disk(self, role: str) -> Self:
        """Return it as one of this disk's."""
        return replace(self, disk=role)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """All links in order. `notes` are things to know that break nothing, such as files that are not in the record."""

    links: tuple[LinkOutcome, ...]
    notes: tuple[str, ...] = ()

    def of(self, outcome: Outcome) -> tuple[LinkOutcome, ...]:
        return tuple(link for link in self.links if link.outcome is outcome)

    def joined(self, other: "CheckResult") -> "CheckResult":
        """Return both: the links and notes of the other behind these."""
        return CheckResult(links=(*self.links, *other.links), notes=(*self.notes, *other.notes))

    @property
    def held(self) -> bool:
        return not self.of(Outcome.FAILED) and not self.of(Outcome.UNDETERMINED)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst: a link that differs outweighs one that could not be looked at."""
    found = set(outcomes)
    for outcome in (Outcome.FAILED, Outcome.UNDETERMINED):
        if outcome in found:
            return outcome
    return Outcome.HELD
