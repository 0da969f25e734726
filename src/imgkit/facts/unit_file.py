"""Unit files of systemd as text: sections of settings, lines that go on, lists that an empty value empties.

systemd.syntax(7): comments begin with `#` or `;`, also between the parts of a line that a backslash continues.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from imgkit.facts.guest import as_text

_MOST_SETTINGS = 20_000


@dataclass(slots=True)
class UnitText:
    """The settings of a unit, those of its drop-ins after its own: every value of a name in its order."""

    values: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, data: bytes) -> None:
        """Add a file's settings; an empty value forgets what was there of that name."""
        for section, name, value in parse_unit(data):
            if value:
                self.values.setdefault((section, name), []).append(value)
            else:
                self.values[section, name] = []

    def all(self, section: str, name: str) -> list[str]:
        """Return every value of a setting."""
        return self.values.get((section, name), [])

    def last(self, section: str, name: str) -> str:
        """Return the value that holds of a setting that has but one."""
        found = self.all(section, name)
        return found[-1] if found else ""

    def words(self, section: str, name: str) -> list[str]:
        """Return the words of a setting that is a list of words."""
        return [word for value in self.all(section, name) for word in value.split()]


def parse_unit(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield section, name and value of every setting; lines that are none are passed over, as systemd does."""
    section = ""
    count = 0
    for line in _whole_lines(data.split(b"\n")):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        name, equals, value = line.partition("=")
        if equals and section and count < _MOST_SETTINGS:
            count += 1
            yield section, name.rstrip(), value.strip()


def _whole_lines(lines: Iterable[bytes]) -> Iterator[str]:
    waiting: list[str] = []
    for raw in lines:
        line = as_text(raw.rstrip(b"\r")).strip(" \t")
        if line.startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            waiting.append(line[:-1])
            continue
        yield " ".join([*waiting, line]) if waiting else line
        waiting = []
    if waiting:
        yield " ".join(waiting)
