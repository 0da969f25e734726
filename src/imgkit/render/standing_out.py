"""What stands out, for a summary: every kind of finding once before any of them twice."""

from collections.abc import Sequence

from imgkit.model.report import Diagnostic

_FIRST = ("persistence", "files", "accounts", "ssh", "containers", "servers")  # what an examiner asks first


def standing_out(remarks: Sequence[Diagnostic], *, lone_root: str = "") -> list[str]:
    """Return a line for each fact that has remarks: the first of them, and how many more there are.

    What starts by itself comes first. `lone_root` is the root of the only system there is: nobody needs its name.
    """
    of_subject: dict[str, list[str]] = {}
    for one in sorted(remarks, key=lambda one: _rank(one.subject)):
        of_subject.setdefault(short_subject(one.subject, lone_root=lone_root), []).append(one.message)
    return [f"{subject}: {_more(messages)}{messages[0]}" for subject, messages in of_subject.items()]


def short_subject(subject: str, *, lone_root: str = "") -> str:
    """Return where a remark stands, without what every line would repeat: `persistence/cron`."""
    shown = subject.removeprefix("systems/")
    return shown.removeprefix(f"{lone_root}/") if lone_root and shown != subject else shown


def _more(messages: Sequence[str]) -> str:
    return f"({len(messages)}) " if len(messages) > 1 else ""


def _rank(subject: str) -> int:
    words = subject.split("/")
    return next((at for at, name in enumerate(_FIRST) if name in words), len(_FIRST))
