"""The text in which LVM keeps what its groups are made of: sections, numbers, strings and lists of them."""

import re
from collections.abc import Iterator

from imgkit.errors import CannotLookInside

Value = int | str | list[int | str]
Section = dict[str, "Value | Section"]

_DEEPEST = 8
_TOKEN = re.compile(
    r"""(?:[\s,]|\#[^\n]*)*  # blanks, commas and comments mean nothing
    (?: "(?P<string>(?:[^"\\]|\\.)*)" | (?P<number>-?\d{1,19})(?![\w.]) | (?P<name>[\w.+-]+(?:/[\w.+-]+)*)
      | (?P<mark>[{}=\[\]]) | (?P<end>\Z) )""",
    re.VERBOSE | re.DOTALL,
)
_Token = tuple[str, str]


def parse_lvm_text(text: str) -> Section:
    """Read the whole text. Raises CannotLookInside where it is none."""
    tokens = _tokens(text)
    return _section(tokens, closing="end", depth=0)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise CannotLookInside(f"LVM's metadata is damaged at character {at}")
        yield match.lastgroup, match[match.lastgroup]
        if match.lastgroup == "end":
            return
        at = match.end()


def _section(tokens: Iterator[_Token], *, closing: str, depth: int) -> Section:
    if depth > _DEEPEST:
        raise CannotLookInside("LVM's metadata has sections inside sections without end")
    found: Section = {}
    for kind, name in tokens:
        if kind == "end" or name == "}":
            if (kind if kind == "end" else name) != closing:
                break
            return found
        if kind not in {"name", "string", "number"}:
            break
        _, mark = next(tokens, ("", ""))
        if mark == "{":
            found[name] = _section(tokens, closing="}", depth=depth + 1)
        elif mark == "=":
            found[name] = _value(tokens)
        else:
            break
    raise CannotLookInside("LVM's metadata is damaged: its sections do not fit")


def _value(tokens: Iterator[_Token]) -> Value:
    kind, word = next(tokens, ("end", ""))
    if kind != "mark":
        return _single(kind, word)
    if word != "[":
        raise CannotLookInside("LVM's metadata is damaged: a value is missing")
    found: list[int | str] = []
    for kind, word in tokens:
        if (kind, word) == ("mark", "]"):
            return found
        found.append(_single(kind, word))
    raise CannotLookInside("LVM's metadata is damaged: a list has no end")


def _single(kind: str, word: str) -> int | str:
    if kind == "number":
        return int(word)
    if kind not in {"string", "name"}:
        raise CannotLookInside("LVM's metadata is damaged: a value is missing")
    return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL)


def number(section: Section, name: str) -> int:
    """Return a number. Raises CannotLookInside where there is none, or it is below zero."""
    found = section.get(name)
    if not isinstance(found, int) or found < 0:
        raise CannotLookInside(f"LVM's metadata lacks the number {name}")
    return found


def word(section: Section, name: str) -> str:
    """Return a string. Raises CannotLookInside where there is none."""
    found = section.get(name)
    if not isinstance(found, str):
        raise CannotLookInside(f"LVM's metadata lacks the word {name}")
    return found


def words(section: Section, name: str) -> list[int | str]:
    """Return a list, empty where there is none."""
    found = section.get(name)
    return found if isinstance(found, list) else []


def sections(section: Section, name: str) -> dict[str, Section]:
    """Return the sections inside a section, none where there is none of that name."""
    inside = section.get(name)
    if not isinstance(inside, dict):
        return {}
    return {key: value for key, value in inside.items() if isinstance(value, dict)}
