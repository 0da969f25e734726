"""Files of sections in brackets with settings below them, as yum, systemd and NetworkManager have them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imgkit.facts.guest import Content

MOST_SECTIONS = 2000


@dataclass(frozen=True, slots=True)
class Section:
    """The settings of one section, each name with all its values in their order; a name may come several times."""

    name: str
    line: int
    settings: dict[str, list[str]] = field(default_factory=dict)

    def last(self, name: str, otherwise: str = "") -> str:
        """Return the value that holds."""
        return self.settings.get(name.lower(), [otherwise])[-1]

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self.settings.get(name.lower(), ()))


def parse_sections(content: Content, *, bare: bool = False) -> Iterator[Section]:
    """Yield the sections of a file, at most 2,000; names are in small letters, what stands before any is in ``""``.

    With `bare` a name without a value is a setting too, with an empty value.
    """
    section = Section("", 0)
    name = ""
    sections = 0
    for number, raw in enumerate(content.data.split(b"\n"), start=1):
        line = raw.decode("utf-8", "surrogateescape").rstrip()
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if text[0] == "[" and text[-1] == "]":
            if section.settings or section.line:
                yield section
            section, name = Section(text[1:-1].strip(), number), ""
            sections += 1
            if sections > MOST_SECTIONS:
                return
        elif line[0] in " \t" and name:  # a value that goes on
            section.settings[name].append(text)
        else:
            name, equals, value = text.partition("=")
            name = name.strip().lower()
            if equals or bare:
                section.settings.setdefault(name, []).append(value.strip())
            else:
                name = ""
    if section.settings or section.line:
        yield section
