"""Rules of firewalls as files keep them: iptables-save, nftables, firewalld, ufw. What runs is a matter of services."""

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_text
from imgkit.facts.os_release import parse_settings
from imgkit.model.fact import Fact
from imgkit.model.network import Firewall, FirewallKind
from imgkit.units import MiB

_IPTABLES = (
    b"/etc/sysconfig/iptables", b"/etc/sysconfig/ip6tables", b"/etc/iptables/rules.v4", b"/etc/iptables/rules.v6",
    b"/etc/iptables.rules", b"/etc/iptables/rules-save", b"/etc/iptables.up.rules",
)  # fmt: skip
_NFTABLES = (b"/etc/nftables.conf", b"/etc/sysconfig/nftables.conf", b"/etc/nftables.nft")
_UFW_RULES = (b"/etc/ufw/user.rules", b"/etc/ufw/user6.rules", b"/lib/ufw/user.rules", b"/lib/ufw/user6.rules")
_ZONES = b"/etc/firewalld/zones"
_MOST_RULES = 100
_FILE_BYTES = 2 * MiB
_XML_BYTES = 256 * 1024
_HOOK = re.compile(r"type\s+\w+\s+hook\s+(?P<hook>\w+).{0,200}?policy\s+(?P<policy>\w+)")


def read_firewalls(guest: Guest) -> Fact[tuple[Firewall, ...]]:
    """Read every file of rules that is there."""
    gathering = Gathering(guest)
    found: list[Firewall] = []
    for path in _IPTABLES:
        found += [parse_iptables(one, FirewallKind.IPTABLES) for one in _read(gathering, path)]
    for path in _NFTABLES:
        found += [parse_nftables(one) for one in _read(gathering, path)]
    enabled = _ufw_enabled(gathering)
    for path in _UFW_RULES:
        found += [parse_iptables(one, FirewallKind.UFW, enabled) for one in _read(gathering, path)]
    found += _zones(gathering)
    shown = [replace(one, rules=tuple(map(guest.quote, one.rules))) for one in found]
    shown.sort(key=lambda one: (one.kind, one.path))
    return gathering.fact(tuple(shown), nothing="there are no files of firewall rules")


def parse_iptables(content: Content, kind: FirewallKind, enabled: bool | None = None) -> Firewall:
    """Read what iptables-save wrote: `:CHAIN POLICY [counts]` and `-A CHAIN rule`."""
    policies: list[str] = []
    rules: list[str] = []
    total = 0
    table = ""
    for _, line in content.lines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            words = line[1:].split()
            if len(words) > 1 and words[1] != "-" and len(policies) < _MOST_RULES:
                policies.append(f"{table} {words[0]} {words[1]}")
        elif line.startswith(("-A ", "-I ")):
            total += 1
            if len(rules) < _MOST_RULES:
                rules.append(f"{table} {line}"[:500])
    return Firewall(
        kind=kind,
        path=content.source.path,
        enabled=enabled,
        policies=tuple(policies),
        rules=tuple(rules),
        rules_total=total,
    )


def parse_nftables(content: Content) -> Firewall:
    """Read nft's own language, line by line: hooks with their policies, and the lines that decide something."""
    policies: list[str] = []
    rules: list[str] = []
    total = 0
    for _, line in content.lines():
        if line.startswith("#"):
            continue
        hook = _HOOK.search(line[:2000])
        if hook and len(policies) < _MOST_RULES:
            policies.append(f"{hook['hook']} {hook['policy']}")
        elif not hook and {"accept", "drop", "reject", "dnat", "snat", "masquerade", "redirect"} & set(line.split()):
            total += 1
            if len(rules) < _MOST_RULES:
                rules.append(line[:500])
    return Firewall(
        kind=FirewallKind.NFTABLES,
        path=content.source.path,
        enabled=None,
        policies=tuple(policies),
        rules=tuple(rules),
        rules_total=total,
    )


def parse_zone(content: Content, default: str) -> Firewall | None:
    """Read a zone of firewalld. XML with a document type is refused: entities would let a small file grow."""
    if len(content.data) > _XML_BYTES or b"<!DOCTYPE" in content.data or b"<!ENTITY" in content.data:
        return None
    try:
        zone = ET.fromstring(content.data)  # noqa: S314  # without a document type there is nothing to expand
    except (ET.ParseError, ValueError, LookupError):
        return None
    name = as_text(content.source.path.rpartition(b"/")[2].removesuffix(b".xml"))
    rules = [words for element in zone if (words := _element_words(element))]
    return Firewall(
        kind=FirewallKind.FIREWALLD,
        path=content.source.path,
        enabled=None,
        policies=(f"zone {name} {zone.get('target', 'default')}{' (the default zone)' if name == default else ''}",),
        rules=tuple(rules[:_MOST_RULES]),
        rules_total=len(rules),
    )


def _element_words(element: ET.Element) -> str:
    if element.tag in {"short", "description"}:
        return ""
    parts = [element.tag, *(f"{name}={value}" for name, value in sorted(element.attrib.items()))]
    inner = [
        f"{one.tag}({' '.join(f'{name}={value}' for name, value in sorted(one.attrib.items()))})" for one in element
    ]
    return " ".join([*parts, *inner])[:500]


def _zones(gathering: Gathering) -> Iterator[Firewall]:
    control = _read(gathering, b"/etc/firewalld/firewalld.conf")
    default = parse_settings(control[0]).get("DefaultZone", "public") if control else "public"
    for one in gathering.names(_ZONES, suffix=b".xml"):
        for content in _read(gathering, one.path):
            zone = parse_zone(content, default)
            if zone is None:
                gathering.lack(f"{as_text(one.path)} is no zone that can be read")
            else:
                yield zone


def _ufw_enabled(gathering: Gathering) -> bool | None:
    control = _read(gathering, b"/etc/ufw/ufw.conf")
    return parse_settings(control[0]).get("ENABLED", "no").lower() == "yes" if control else None


def _read(gathering: Gathering, path: bytes) -> list[Content]:
    content = gathering.read(path, limit=_FILE_BYTES)
    return [content] if content is not None else []
