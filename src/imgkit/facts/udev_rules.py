"""Rules of udev that run a program when a device comes (udev(7)): RUN, PROGRAM, IMPORT{program}."""

import re

from imgkit.facts.config_lines import MOST_LINES, by_name, remark_odd_files, whole_lines
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.standing_out import odd_habits
from imgkit.model.fact import Fact
from imgkit.model.persistence import ConfigLine

_FOLDERS = (
    b"/etc/udev/rules.d",
    b"/run/udev/rules.d",
    b"/usr/local/lib/udev/rules.d",
    b"/usr/lib/udev/rules.d",
    b"/lib/udev/rules.d",
)
_STARTS = re.compile(
    r"(?:^|[,\s])(RUN(?:\{program\})?|PROGRAM|IMPORT\{program\})\s{0,8}(?:\+=|:=|==|!=|=)\s{0,8}e?\"((?:\\.|[^\"\\])*)\""
)
_MOST_ON_A_LINE = 1000
_OF_THE_SYSTEM = (b"/usr/lib/", b"/lib/")


def read_udev_rules(guest: Guest) -> Fact[tuple[ConfigLine, ...]]:
    """List every program that a rule runs, with the kind of the key; those that no package put there stand out."""
    look = Gathering(guest)
    files = by_name(look, _FOLDERS, suffix=b".rules")
    remark_odd_files(look, "the rule", files)
    lines: list[ConfigLine] = []
    for found in files:
        for number, line in whole_lines(look, found.path):
            lines += _programs(look, found.path, number, line)
        if len(lines) > MOST_LINES:
            look.lack(f"only the first {MOST_LINES} programs of rules are given")
            break
    return look.fact(tuple(lines[:MOST_LINES]), nothing="there are no rules of udev")


def _programs(look: Gathering, path: bytes, number: int, line: str) -> list[ConfigLine]:
    found = []
    for at, match in enumerate(_STARTS.finditer(line)):
        if at >= _MOST_ON_A_LINE:
            look.lack_line(path, number, f"it runs more than {_MOST_ON_A_LINE} programs")
            break
        key, program = match.groups()
        text = program.replace('\\"', '"')
        if not path.startswith(_OF_THE_SYSTEM):
            look.remark(f"{as_text(path)} line {number}: {key} {look.brief(text)}")
        for habit in odd_habits(text):
            look.remark(f"{as_text(path)} line {number} {habit}: {look.brief(text)}")
        found.append(ConfigLine(path=path, line=number, kind=key, text=look.guest.quote(text)))
    return found
