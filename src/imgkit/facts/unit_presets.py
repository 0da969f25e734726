"""Presets of systemd: whether a distribution would have a unit enabled (systemd.preset(5))."""

import fnmatch
import re
from dataclasses import dataclass

from imgkit.facts.gathering import Gathering
from imgkit.facts.unit_names import template_of

_BASES = (b"/etc/systemd", b"/run/systemd", b"/usr/local/lib/systemd", b"/usr/lib/systemd", b"/lib/systemd")
_MOST_RULES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetRule:
    """Units whose name matches are enabled or disabled, a template for these instances."""

    matches: re.Pattern[str]
    action: str
    instances: tuple[str, ...] = ()


def read_presets(look: Gathering, kind: str) -> tuple[PresetRule, ...]:
    """Return the rules of `system` or `user` in the order in which they count: by file name, those of /etc winning."""
    files: dict[bytes, bytes] = {}
    for base in _BASES:
        for found in look.names(base + b"/" + kind.encode() + b"-preset", suffix=b".preset"):
            files.setdefault(found.entry.name, found.path)
    rules: list[PresetRule] = []
    for _, path in sorted(files.items()):
        content = look.read(path)
        for _, line in look.lines(content):
            words = line.split()
            if len(words) > 1 and words[0] in {"enable", "disable", "ignore"} and len(words[1]) < 256:
                matches = re.compile(fnmatch.translate(words[1]))
                rules.append(PresetRule(matches=matches, action=words[0] + "d", instances=tuple(words[2:])))
    return tuple(rules[:_MOST_RULES])


def preset_of(name: str, rules: tuple[PresetRule, ...]) -> str:
    """Return `enabled`, `disabled` or `ignored`: the first rule that matches holds, and none means enabled."""
    template = template_of(name)
    for rule in rules:
        if rule.matches.match(name) or (template and rule.matches.match(template)):
            return rule.action
    return "enabled"
