"""What a machine calls itself and where it thinks it is: host name, machine id, time zone, locale."""

import re

from imgkit.facts.guest import Content, Guest, as_text
from imgkit.facts.os_release import parse_settings
from imgkit.model.fact import Fact
from imgkit.model.identity import Timezone

_HOSTNAME_FILES = (b"/etc/hostname", b"/etc/HOSTNAME")
_MACHINE_ID_FILES = (b"/etc/machine-id", b"/var/lib/dbus/machine-id")
_LOCALE_FILES = (b"/etc/locale.conf", b"/etc/default/locale", b"/etc/sysconfig/i18n", b"/etc/sysconfig/language")
_MACHINE_ID = re.compile(r"[0-9a-f]{32}")
_ZONES = b"zoneinfo/"
_ZONE_FILE_BYTES = 64 * 1024
_SETTINGS_BYTES = 256 * 1024
_SHORT = 64 * 1024


def read_hostname(guest: Guest) -> Fact[str]:
    """Read the static host name; older Red Hat systems keep it among the network settings."""
    content = guest.read_first(*_HOSTNAME_FILES, limit=_SHORT)
    if content is not None:
        name = next((line for _, line in content.lines() if line and not line.startswith("#")), "")
        return _word(name, content, "the file names none")
    network = guest.read_first(b"/etc/sysconfig/network", limit=_SETTINGS_BYTES)
    if network is None:
        return Fact.absent("no file names one: it comes from the network or the cloud")
    return _word(parse_settings(network).get("HOSTNAME", ""), network, "the file names none")


def read_machine_id(guest: Guest) -> Fact[str]:
    """Read the machine id; an empty one is made when the machine next starts."""
    content = guest.read_first(*_MACHINE_ID_FILES, limit=_SHORT)
    if content is None:
        return Fact.absent()
    words = content.text.split()
    word = words[0].replace("-", "").lower() if words else ""
    if not word or word == "uninitialized":
        return Fact.absent("empty: it is made when the machine next starts", sources=(content.source,))
    if not _MACHINE_ID.fullmatch(word):
        return Fact.undetermined("the file holds no machine id", sources=(content.source,))
    return Fact.present(word, sources=(content.source,))


def read_timezone(guest: Guest) -> Fact[Timezone]:
    """Find the time zone: by where /etc/localtime points, by a file that names it, by the rule inside it."""
    zone_file = guest.read_first(b"/etc/localtime", limit=_ZONE_FILE_BYTES)
    rule = _zone_rule(zone_file) if zone_file is not None else ""
    name, naming = _zone_name(guest)
    sources = tuple(content.source for content in (naming, zone_file) if content is not None)
    if not name and not rule:
        return Fact.absent("none is set, which means UTC", sources=sources)
    return Fact.present(Timezone(name=name, rule=rule), sources=sources)


def read_locale(guest: Guest) -> Fact[str]:
    """Read the system's locale, the value of LANG."""
    content = guest.read_first(*_LOCALE_FILES, limit=_SETTINGS_BYTES)
    if content is None:
        return Fact.absent()
    settings = parse_settings(content)
    return _word(settings.get("LANG", "") or settings.get("RC_LANG", ""), content, "the file sets no LANG")


def _word(word: str, content: Content, otherwise: str) -> Fact[str]:
    if not word:
        return Fact.absent(otherwise, sources=(content.source,))
    return Fact.present(word, sources=(content.source,))


def _zone_name(guest: Guest) -> tuple[str, Content | None]:
    target = guest.link_target(b"/etc/localtime") or b""
    if _ZONES in target:
        return as_text(target.rpartition(_ZONES)[2]), None
    named = guest.read_first(b"/etc/timezone", limit=_SHORT)
    if named is not None:
        line = next((line for _, line in named.lines() if line and not line.startswith("#")), "")
        return line, named
    clock = guest.read_first(b"/etc/sysconfig/clock", limit=_SHORT)
    if clock is None:
        return "", None
    settings = parse_settings(clock)
    return settings.get("ZONE", "") or settings.get("TIMEZONE", ""), clock


def _zone_rule(zone_file: Content) -> str:
    """Return the rule that ends a TZif file of version 2 or later, between two newlines (RFC 8536, 3.3)."""
    data = zone_file.data
    if not data.startswith(b"TZif") or not data.endswith(b"\n"):
        return ""
    return as_text(data[:-1].rpartition(b"\n")[2])
