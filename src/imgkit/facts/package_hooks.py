"""What package managers run besides installing: apt's hooks, plugins and actions of yum and dnf, those of others.

apt.conf(5): `Name::List { "command"; }` and `Name::List "command";`; a line of dnf's post-transaction-actions is
`package:state:command`.
"""

import re
from collections.abc import Iterator

from imgkit.facts.config_lines import MOST_LINES, config_lines, remark_odd_files, whole_lines
from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.standing_out import odd_habits
from imgkit.model.fact import Fact
from imgkit.model.persistence import ConfigLine
from imgkit.model.tree import EntryKind

_APT_HOOK = re.compile(
    r"(?:(?:APT|Acquire)::[\w:-]{0,64})?"
    r"(Pre-Invoke-Success|Post-Invoke-Success|Pre-Invoke|Post-Invoke|Pre-Install-Pkgs|Post-Invoke-Stats|AptCli::Hooks"
    r"|AptCli::Hooks::[A-Za-z-]{1,32}|ProxyAutoDetect|Proxy-Auto-Detect)(?:::)?\s*(\{|\")",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"")
_ACTIONS = (
    b"/etc/dnf/plugins/post-transaction-actions.d",
    b"/etc/dnf/plugins/pre-transaction-actions.d",
    b"/etc/dnf/libdnf5-plugins/actions.d",
)
_PLUGINS = (b"/etc/yum/pluginconf.d", b"/etc/dnf/plugins")
_SCRIPTS = (
    (b"/usr/lib/yum-plugins", b".py"),
    (b"/etc/apk/commit_hooks.d", b""),
    (b"/lib/apk/commit_hooks.d", b""),
    (b"/usr/lib/zypp/plugins/commit", b""),
    (b"/etc/zypp/post.d", b""),
    (b"/etc/pacman.d/hooks", b".hook"),
)
_DPKG = (b"/etc/dpkg/dpkg.cfg",)


def read_package_hooks(guest: Guest) -> Fact[tuple[ConfigLine, ...]]:
    """List commands and plugins that run along with a package manager."""
    look = Gathering(guest)
    apt = [Found(path=b"/etc/apt/apt.conf", entry=entry)] if (entry := look.stat(b"/etc/apt/apt.conf")) else []
    apt += look.names(b"/etc/apt/apt.conf.d")
    dpkg = [*_DPKG, *(found.path for found in look.names(b"/etc/dpkg/dpkg.cfg.d"))]
    remark_odd_files(look, "the file", apt)
    lines = list(
        look.first((line for found in apt for line in _apt_hooks(look, found.path)), MOST_LINES, "hooks of apt")
    )
    lines += config_lines(look, dpkg, lambda _, line: "dpkg hook" if "-invoke=" in line.replace(" ", "=") else "")
    for folder in _ACTIONS:
        paths = [found.path for found in look.names(folder)]
        lines += config_lines(look, paths, lambda _, line: "dnf action" if line.count(":") > 1 else "")
    lines += look.first(_plugins(look), MOST_LINES, "plugins")
    return look.fact(tuple(lines), nothing="there are no hooks of package managers")


def _apt_hooks(look: Gathering, path: bytes) -> Iterator[ConfigLine]:
    """Read hooks whether their list stands on one line or on several."""
    open_kind = ""
    for number, line in whole_lines(look, path, comments="/#"):
        begun = _APT_HOOK.search(line)
        kind = begun[1] if begun else open_kind
        if not kind:
            continue
        rest = line[begun.start(2) :] if begun else line
        for command in _QUOTED.finditer(rest):
            text = command[1].replace('\\"', '"')
            for habit in odd_habits(text):
                look.remark(f"{as_text(path)} line {number} {habit}: {look.brief(text)}")
            yield ConfigLine(path=path, line=number, kind=f"apt {kind}", text=look.guest.quote(text))
        closed = "}" in rest or (begun is not None and begun[2] == '"')
        open_kind = "" if closed else kind


def _plugins(look: Gathering) -> Iterator[ConfigLine]:
    for folder in _PLUGINS:
        for found in look.names(folder, suffix=b".conf"):
            settings = {line.replace(" ", "") for _, line in whole_lines(look, found.path)}
            if "enabled=1" in settings:
                yield ConfigLine(path=found.path, line=0, kind="plugin", text=as_text(found.entry.name[:-5]))
    for folder, suffix in _SCRIPTS:
        for found in look.names(folder, suffix=suffix):
            if found.entry.kind is not EntryKind.OTHER:
                yield ConfigLine(path=found.path, line=0, kind="plugin", text=as_text(found.entry.name))
