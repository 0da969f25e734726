"""Presets of systemd: whether a distribution would have a unit enabled (systemd.preset(5))."""

import fnmatch
import re
from dataclasses import dataclass, field

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.unit_names import template_of

_BASES = (b"/etc/systemd", b"/run/systemd", b"/usr/local/lib/systemd", b"/usr/lib/systemd", b"/lib/systemd")
_MOST_RULES = 10_000
_MOST_PATTERNS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Units are enabled or disabled, and which rule it is that says so."""

    number: int
    action: str


@dataclass(slots=True)
class Presets:
    """The rules of `system` or `user`: those for one name by that name, those with patterns one after the other."""

    names: dict[str, _Rule] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], _Rule]] = field(default_factory=list)
    rules: int = 0

    def add(self, pattern: str, action: str) -> bool:
        """Add a rule, and tell whether there was room for it."""
        self.rules += 1
        rule = _Rule(number=self.rules, action=action)
        if not any(sign in pattern for sign in "*?[\\"):
            if len(self.names) < _MOST_RULES:
                self.names.setdefault(pattern, rule)
            return len(self.names) < _MOST_RULES
        if len(self.patterns) < _MOST_PATTERNS:
            self.patterns.append((re.compile(fnmatch.translate(pattern)), rule))
        return len(self.patterns) < _MOST_PATTERNS

    def first_for(self, name: str) -> _Rule | None:
        """Return the first rule that matches a name."""
        known = self.names.get(name)
        for pattern, rule in self.patterns:
            if known is not None and known.number < rule.number:
                return known
            if pattern.match(name):
                return rule
        return known


def read_presets(look: Gathering, kind: str) -> Presets:
    """Return the rules of `system` or `user` in the order in which they count: by file name, those of /etc winning."""
    files: dict[bytes, bytes] = {}
    for base in _BASES:
        for found in look.names(base + b"/" + kind.encode() + b"-preset", suffix=b".preset"):
            files.setdefault(found.entry.name, found.path)
    presets = Presets()
    for _, path in sorted(files.items()):
        content = look.read(path)
        for number, line in look.lines(content):
            words = line.split(None, 2)
            if len(words) < 2 or words[0] not in {"enable", "disable", "ignore"} or len(words[1]) >= 256:
                continue
            if not presets.add(words[1], words[0] + "d"):
                look.lack(f"{as_text(path)}: rules after line {number} were left out")
                return presets
    return presets


def preset_of(name: str, presets: Presets) -> str:
    """Return `enabled`, `disabled` or `ignored`: the first rule that matches holds, and none means enabled."""
    template = template_of(name)
    found = [rule for one in (name, template) if one and (rule := presets.first_for(one)) is not None]
    return min(found, key=lambda rule: rule.number).action if found else "enabled"
