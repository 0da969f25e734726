"""A fact is present, absent or could not be determined, and names the files that it rests on."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class FactState(StrEnum):
    """`undetermined`: nobody knows, because looking failed. It never looks like `absent`."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that a fact rests on; the digest is over the `size` bytes read, all of it unless `truncated`.

    `sparse`: it is mostly holes, and the bytes are those that are stored, with a few on either side.
    """

    tree: str
    path: bytes
    sha256: str
    size: int
    truncated: bool = False
    sparse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Generic[T]):
    """A value, or that there is none, or why nobody knows; and the files that it rests on.

    `partial` says that the value is there but not all of it, and `notes` why; other notes are things worth knowing.
    `remarks` name what stands out in the value: facts an examiner will want to see first, no verdicts.
    """

    state: FactState
    value: T | None = None
    reason: str = ""
    partial: bool = False
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    @classmethod
    def present(
        cls,
        value: T,
        *,
        partial: bool = False,
        notes: tuple[str, ...] = (),
        remarks: tuple[str, ...] = (),
        sources: tuple[Source, ...],
        beginnings_do: bool = False,
    ) -> Self:
        """A value that was found; it is partial, and says so, where a source was cut short and needed whole."""
        short = tuple(
            f"only the first {source.size} bytes of {source.path.decode('utf-8', 'surrogateescape')} were read"
            for source in sources
            if source.truncated and not beginnings_do
        )
        return cls(
            state=FactState.PRESENT,
            value=value,
            partial=partial or bool(short),
            notes=notes + short,
            remarks=remarks,
            sources=sources,
        )

    @classmethod
    def absent(cls, reason: str = "", *, sources: tuple[Source, ...] = ()) -> Self:
        """Looked, and there is none."""
        return cls(state=FactState.ABSENT, reason=reason, sources=sources)

    @classmethod
    def undetermined(cls, reason: str, *, sources: tuple[Source, ...] = ()) -> Self:
        """Could not look."""
        return cls(state=FactState.UNDETERMINED, reason=reason, sources=sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A name with its value, from a file of such lines."""

    name: str
    value: str


def facts_within(value: object, subject: str = "") -> Iterator[tuple[str, Fact[Any]]]:
    """Yield every fact inside a noun with the names of the fields that lead to it, joined by `/`."""
    if isinstance(value, Fact):
        yield subject, value
    elif is_dataclass(value):
        for one in fields(value):
            yield from facts_within(getattr(value, one.name), f"{subject}/{one.name}" if subject else one.name)
