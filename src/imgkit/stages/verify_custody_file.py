"""Does a custody file beside a set hold, and does the set's own custody still have what its lines follow?"""

from pathlib import Path

from imgkit.evidence.custody import read_custody
from imgkit.evidence.image_set import CUSTODY_NAME
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import CustodyHead, Outcome


def check_custody_file(file: Path, folder: Path) -> CheckResult:
    """Hold a file that `--custody-file` wrote; lines about other sets are left to those. Raises OSError."""
    found, custody = read_custody(file), read_custody(folder / CUSTODY_NAME)
    links = [_link(file, "chain of lines", problem) for problem in found.problems] or [
        _link(file, "chain of lines", "")
    ]
    begin = custody.here().set
    for number, follows in enumerate(found.follows, start=1):
        if follows is None or follows.set != begin:
            continue
        extends = custody.extends(CustodyHead(lines=follows.lines, sha256=follows.sha256))
        lost = f"line {number} follows line {follows.lines} of {CUSTODY_NAME}, which has another one there"
        links += [] if extends else [_link(file, "follows the set's custody", lost)]
    if len(links) == 1 and begin in {each.set for each in found.follows if each is not None}:
        links.append(_link(file, "follows the set's custody", ""))
    return CheckResult(links=tuple(links), notes=tuple(f"{file.name}: {note}" for note in found.notes))


def _link(file: Path, link: str, problem: str) -> LinkOutcome:
    outcome = Outcome.FAILED if problem else Outcome.HELD
    return LinkOutcome(subject=file.name, link=link, outcome=outcome, detail=problem)
