"""What the SSH server is set to: sshd_config with all that it includes and its Match blocks, as sshd_config(5) says.

Of several lines the first holds, but for a few that add up. Settings under `Match all` hold over those outside of
any block. A Match inside an included file ends with that file.
"""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from imgkit.facts.config_words import split_words
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_path, as_text
from imgkit.facts.standing_out import odd_habits
from imgkit.model.fact import Fact
from imgkit.model.ssh import SshdSetting

CONFIG = b"/etc/ssh/sshd_config"
_VENDOR_CONFIG = b"/usr/etc/ssh/sshd_config"  # SUSE's, where /etc has none
_MOST_DEPTH = 16
_MOST_FILES = 1000
_MOST_NAMES = 200_000
_MOST_STARS = 4  # in a part of a path: matching many against a long name takes long
_MOST_SETTINGS = 20_000
_ADD_UP = {
    "port", "listenaddress", "hostkey", "hostcertificate", "acceptenv", "subsystem",
    "allowusers", "denyusers", "allowgroups", "denygroups", "setenv", "include",
}  # fmt: skip
_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def read_sshd_config(guest: Guest) -> Fact[tuple[SshdSetting, ...]]:
    """List every setting in the order in which the server reads them, and which of them hold."""
    look = Gathering(guest)
    settings = tuple(gather_sshd_config(look))
    for one in settings:
        _remark(look, one)
    quoted = tuple(replace(one, value=guest.quote_value(one.name, one.value)) for one in settings)
    return look.fact(quoted, nothing="there is no sshd_config")


def gather_sshd_config(look: Gathering) -> list[SshdSetting]:
    """Read the settings with what they include; values are not masked yet."""
    look.list_at_most(_MOST_NAMES)
    top = CONFIG if look.stat(CONFIG) is not None else _VENDOR_CONFIG
    found: list[SshdSetting] = []
    for one in _Reader(look).file(top, "", 0):
        if len(found) >= _MOST_SETTINGS:
            look.lack(f"only the first {_MOST_SETTINGS} of its settings were read")
            break
        found.append(one)
    return _mark_holding(found)


def values_of(settings: list[SshdSetting], name: str) -> list[SshdSetting]:
    """Return every line of one setting that can be in force for somebody: the one that holds, and those of blocks."""
    return [one for one in settings if one.name.lower() == name and (one.holds or one.match)]


@dataclass(slots=True)
class _Reader:
    look: Gathering
    files: int = 0

    def file(self, path: bytes, match: str, depth: int) -> Iterator[SshdSetting]:
        content = self.look.read(path)
        for number, line in self.look.lines(content):
            keyword, words = _split(line)
            if not keyword:
                if line and not line.startswith("#"):
                    self.look.lack_line(path, number, "it begins with no keyword")
                continue
            value = " ".join(words)
            if keyword.lower() == "match":
                match = value
                continue
            yield SshdSetting(path=path, line=number, name=keyword, value=value, match=match)
            if keyword.lower() == "include":
                yield from self._included(words, match, depth, path, number)

    def _included(self, patterns: list[str], match: str, depth: int, path: bytes, number: int) -> Iterator[SshdSetting]:
        if self.files > _MOST_FILES:
            return
        if depth >= _MOST_DEPTH:
            self.look.lack_line(path, number, f"files include each other more than {_MOST_DEPTH} deep")
            return
        for pattern in patterns:
            whole = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
            for found in expand_pattern(self.look, as_path(whole)):
                self.files += 1
                if self.files > _MOST_FILES:
                    self.look.lack_line(path, number, f"more than {_MOST_FILES} files are included")
                    return
                yield from self.file(found, match, depth + 1)


def expand_pattern(look: Gathering, pattern: bytes) -> list[bytes]:
    """Return the paths that a pattern of the shell's kind names, in the order of names; hidden ones by name alone."""
    paths = [b""]
    for part in pattern.split(b"/")[1:]:
        if not part:
            continue
        if not re.search(rb"[*?\[]", part):
            paths = [path + b"/" + part for path in paths]
            continue
        if len(part) > 255 or part.count(b"*") > _MOST_STARS:
            look.lack(f"the pattern {as_text(pattern[:80])} was not followed: it is longer than any that makes sense")
            return []
        matches = re.compile(fnmatch.translate(as_text(part))).match
        paths = [
            path + b"/" + entry.name
            for path in paths[:100]
            for entry in look.folder(path or b"/")
            if matches(as_text(entry.name)) and (part.startswith(b".") or not entry.name.startswith(b"."))
        ]
    return paths


def _split(line: str) -> tuple[str, list[str]]:
    """Return keyword and arguments; `=` may stand between them, and the keyword may be quoted."""
    bare = line[1:].replace('"', " ", 1) if line.startswith('"') else line
    named = _KEYWORD.match(bare)
    if named is None or (named.end() < len(bare) and bare[named.end()] not in " \t="):
        return "", []
    rest = bare[named.end() :].lstrip(" \t")
    rest = rest.removeprefix("=")
    return named[0], split_words(rest, comments=True)


def _mark_holding(settings: list[SshdSetting]) -> list[SshdSetting]:
    """Mark what holds where no block but `Match all` concerns a connection."""
    for_all = {one.name.lower() for one in settings if one.match.lower() == "all"}
    seen: set[str] = set()
    marked = []
    for one in settings:
        name = one.name.lower()
        in_all = one.match.lower() == "all"
        concerned = (in_all or name not in for_all) if not one.match or in_all else False
        holds = concerned and (name in _ADD_UP or name not in seen)
        seen |= {name} if concerned else set()
        marked.append(replace(one, holds=holds))
    return marked


_STANDS_OUT = {
    "permitemptypasswords": ("no",),
    "hostbasedauthentication": ("no",),
    "ignorerhosts": ("yes", "shosts-only"),
    "permituserenvironment": ("no",),
    "strictmodes": ("yes",),
    "authorizedkeyscommand": ("none",),
    "authorizedprincipalscommand": ("none",),
    "trustedusercakeys": ("none",),
    "forcecommand": ("none", "internal-sftp"),
    "authorizedkeysfile": (
        ".ssh/authorized_keys", ".ssh/authorized_keys .ssh/authorized_keys2", "%h/.ssh/authorized_keys"
    ),
}  # fmt: skip


def _remark(look: Gathering, one: SshdSetting) -> None:
    """Tell settings that open more than a fresh server does, and where its keys come from if not from the usual."""
    ordinary = _STANDS_OUT.get(one.name.lower())
    where = f"{as_text(one.path)} line {one.line}"
    scope = f" for {one.match}" if one.match else ""
    if ordinary is not None and one.value.lower() not in ordinary and (one.holds or one.match):
        look.remark(f"{where}: {one.name} {one.value}{scope}")
    for habit in odd_habits(one.value):
        look.remark(f"{where}: {one.name} {habit}")
