"""`--only`, `--skip` and `--list` of `imgkit inspect`: which subjects a report is about."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import typer

from imgkit.cli.console import Console
from imgkit.cli.tables import table
from imgkit.model.subjects import EVERY_SUBJECT, SUBJECT_WORDS, Subject


def choose_subjects(only: Sequence[str] | None, skip: Sequence[str] | None) -> AbstractSet[Subject]:
    """Return what is to be looked at. A word that is no subject, or leaving out everything, is a usage error."""
    wanted = frozenset(_parse(only, "--only")) or EVERY_SUBJECT
    chosen = wanted - frozenset(_parse(skip, "--skip"))
    if not chosen:
        raise typer.BadParameter("nothing is left to look at", param_hint="--skip")
    return chosen


def show_subjects(console: Console) -> None:
    """Print every subject with what it is about."""
    rows = [(subject.value, SUBJECT_WORDS[subject]) for subject in Subject]
    console.result(
        table(("SUBJECT", "WHAT"), rows), {"subjects": [{"subject": name, "what": words} for name, words in rows]}
    )


def _parse(words: Sequence[str] | None, option: str) -> Iterator[Subject]:
    for word in (part for each in words or () for part in each.split(",") if part):
        try:
            yield Subject(word.strip().lower())
        except ValueError as error:
            known = ", ".join(Subject)
            raise typer.BadParameter(f"{word} is no subject; there are: {known}", param_hint=option) from error
