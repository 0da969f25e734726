"""Files that run at some moment by lying in the right place: scripts of cron, shells, log-ins, networks, power."""

import re
from collections.abc import Iterator

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import Guest, as_text, mode_words, moment_ns
from imgkit.facts.homes import Home, beneath, homes_of
from imgkit.facts.standing_out import describe_odd, odd_file, odd_habits
from imgkit.model.fact import Fact
from imgkit.model.persistence import StartupFile
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_FILE_BYTES = 1 * MiB
_MOST_FILES = 20_000
_MOST_LINES = 20_000
_LONGEST_LINE = 4096
_FOLDERS = (  # kind, folder
    *(
        (f"cron.{often}", f"/etc/cron.{often}")
        for often in ("minutely", "hourly", "daily", "weekly", "monthly", "yearly")
    ),
    *((f"cron.{often}", f"/etc/periodic/{often}") for often in ("15min", "hourly", "daily", "weekly", "monthly")),
    ("shell of log-ins", "/etc/profile.d"),
    ("shell of log-ins", "/etc/bash_completion.d"),
    ("message of the day", "/etc/update-motd.d"),
    ("systemd generator", "/etc/systemd/system-generators"),
    ("systemd generator", "/run/systemd/system-generators"),
    ("systemd generator", "/usr/local/lib/systemd/system-generators"),
    ("systemd generator", "/usr/lib/systemd/system-generators"),
    ("systemd generator of users", "/etc/systemd/user-generators"),
    ("systemd generator of users", "/usr/local/lib/systemd/user-generators"),
    ("systemd generator of users", "/usr/lib/systemd/user-generators"),
    ("systemd shutdown", "/etc/systemd/system-shutdown"),
    ("systemd shutdown", "/usr/lib/systemd/system-shutdown"),
    ("systemd sleep", "/etc/systemd/system-sleep"),
    ("systemd sleep", "/usr/lib/systemd/system-sleep"),
    *(
        ("network dispatcher", f"{base}/NetworkManager/dispatcher.d{below}")
        for base in ("/etc", "/usr/lib")
        for below in ("", "/pre-up.d", "/pre-down.d", "/no-wait.d")
    ),
    *(
        ("network dispatcher", f"{base}/networkd-dispatcher/{below}.d")
        for base in ("/etc", "/usr/lib")
        for below in ("routable", "dormant", "no-carrier", "off", "carrier", "degraded", "configuring", "configured")
    ),
    *(("network interface", f"/etc/network/{below}.d") for below in ("if-up", "if-down", "if-pre-up", "if-post-down")),
    ("dhcp hook", "/etc/dhcp/dhclient-enter-hooks.d"),
    ("dhcp hook", "/etc/dhcp/dhclient-exit-hooks.d"),
    ("dhcp hook", "/etc/dhcp/dhclient.d"),
    ("dhcp hook", "/usr/lib/dhcpcd/dhcpcd-hooks"),
    ("dhcp hook", "/lib/dhcpcd/dhcpcd-hooks"),
    ("ppp", "/etc/ppp/ip-up.d"),
    ("ppp", "/etc/ppp/ip-down.d"),
    ("power", "/etc/pm/sleep.d"),
    ("power", "/etc/acpi/events"),
    ("kernel modules", "/etc/sysconfig/modules"),
    ("kernel installation", "/etc/kernel/postinst.d"),
    ("kernel installation", "/etc/kernel/install.d"),
    ("initramfs", "/etc/initramfs-tools/hooks"),
    ("start of the system", "/etc/local.d"),
    ("X session", "/etc/X11/Xsession.d"),
    ("X session", "/etc/X11/xinit/xinitrc.d"),
    ("cloud-init", "/var/lib/cloud/scripts/per-boot"),
    ("cloud-init", "/var/lib/cloud/scripts/per-instance"),
    ("cloud-init", "/var/lib/cloud/scripts/per-once"),
)
_FILES = (
    *(
        ("start of the system", path)
        for path in ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/rc.d/rc.sysinit", "/etc/rc.modules",
                     "/etc/init.d/boot.local", "/etc/init.d/after.local")
    ),
    *(
        ("shell of log-ins", path)
        for path in ("/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zshenv", "/etc/zsh/zshenv", "/etc/zshrc",
                     "/etc/zsh/zshrc", "/etc/zprofile", "/etc/zsh/zprofile", "/etc/csh.cshrc", "/etc/csh.login",
                     "/etc/fish/config.fish", "/etc/bash.bash_logout", "/etc/profile.local", "/etc/bash.bashrc.local")
    ),
    ("SSH log-in", "/etc/ssh/sshrc"),
    ("dhcp hook", "/etc/dhcp/dhclient-enter-hooks"),
    ("dhcp hook", "/etc/dhcp/dhclient-exit-hooks"),
    ("dhcp hook", "/etc/dhclient-exit-hooks"),
    ("dhcp hook", "/etc/dhcpcd.exit-hook"),
    ("network interface", "/sbin/ifup-local"),
)  # fmt: skip
_IN_HOMES = (
    *(
        ("shell of a user", name)
        for name in (".profile", ".bash_profile", ".bash_login", ".bashrc", ".bash_logout", ".bash_aliases", ".zshenv",
                     ".zshrc", ".zprofile", ".zlogin", ".zlogout", ".cshrc", ".tcshrc", ".login", ".kshrc",
                     ".config/fish/config.fish")
    ),
    ("SSH log-in", ".ssh/rc"),
    ("SSH log-in", ".ssh/environment"),
    ("X session", ".xinitrc"),
    ("X session", ".xsession"),
    ("X session", ".xprofile"),
    ("X session", ".xsessionrc"),
    ("log-in", ".pam_environment"),
    ("mail", ".forward"),
    ("mail", ".procmailrc"),
)  # fmt: skip
_OF_PACKAGES = ("/usr/lib/", "/lib/")
_COMMENT = re.compile(rb"\s*(?:#|\")")
_NO_SCRIPT = (b".placeholder", b"README", b".dpkg-new", b".dpkg-old", b".dpkg-dist")


def read_startup_files(guest: Guest) -> Fact[tuple[StartupFile, ...]]:
    """Describe every such file, in the order of paths; lines that stand out are named, their content is not kept."""
    look = Gathering(guest)
    found: dict[bytes, StartupFile] = {}
    for kind, one, private in _candidates(look):
        if len(found) >= _MOST_FILES:
            look.lack(f"only the first {_MOST_FILES} files that run by themselves are given")
            break
        if one.path not in found:
            found[one.path] = _describe(look, kind, one, private=private)
    return look.fact(tuple(found[path] for path in sorted(found)), nothing="there are no such files")


def _candidates(look: Gathering) -> Iterator[tuple[str, Found, bool]]:
    for kind, folder in _FOLDERS:
        for found in look.names(folder.encode()):
            if not found.entry.name.endswith(_NO_SCRIPT):
                yield kind, found, False
    for kind, path in _FILES:
        entry = look.stat(path.encode())
        if entry is not None and entry.kind is not EntryKind.FOLDER:
            yield kind, Found(path=path.encode(), entry=entry), False
    for home in homes_of(Gathering(look.guest)):
        yield from _of_home(look, home)


def _of_home(look: Gathering, home: Home) -> Iterator[tuple[str, Found, bool]]:
    """One listing tells which of many names a home has; only deeper ones are asked for by themselves."""
    present = {found.entry.name: found for found in look.names(home.path)}
    for kind, name in _IN_HOMES:
        path = beneath(home, name.encode())
        if "/" not in name:
            there = present.get(name.encode())
            found = Found(path=path, entry=there.entry) if there is not None else None
        else:
            entry = look.stat(path)
            found = Found(path=path, entry=entry) if entry is not None else None
        if found is not None:
            yield kind, found, True


def _describe(look: Gathering, kind: str, one: Found, *, private: bool) -> StartupFile:
    entry = one.entry
    content = look.read_beginning(one.path, limit=_FILE_BYTES) if entry.kind is not EntryKind.OTHER else None
    target = (look.link_target(one.path) or b"") if entry.kind is EntryKind.LINK else b""
    reasons = odd_file(one.path, entry)
    if private:
        reasons = tuple(reason for reason in reasons if reason.startswith("everyone"))
    elif kind.startswith("systemd generator") and not as_text(one.path).startswith(_OF_PACKAGES):
        reasons = (*reasons, "not where packages put them")
    if reasons:
        look.remark(describe_odd(f"{kind}:", one.path, reasons))
    if content is not None and not as_text(one.path).startswith(_OF_PACKAGES):
        _remark_lines(look, kind, one.path, content.data)
    if content is not None and content.source.size > len(content.data) and not _is_program(content.data):
        look.lack(f"of {as_text(one.path)} only the first {len(content.data)} bytes were looked at")
    return StartupFile(
        kind=kind,
        path=one.path,
        mode=mode_words(entry),
        uid=entry.uid,
        gid=entry.gid,
        size=entry.size,
        modified=moment_ns(entry.modified_ns),
        sha256=content.source.sha256 if content is not None else "",
        target=target,
    )


def _is_program(data: bytes) -> bool:
    return b"\0" in data[:1024]


def _remark_lines(look: Gathering, kind: str, path: bytes, data: bytes) -> None:
    """Name lines that stand out; of a program that is no text there are none."""
    if _is_program(data):
        look.remark(f"{kind}: {as_text(path)} is no text")
        return
    for number, raw in enumerate(data.split(b"\n", _MOST_LINES)[:_MOST_LINES], start=1):
        line = as_text(raw[:_LONGEST_LINE])
        if not _COMMENT.match(raw):
            for habit in odd_habits(line):
                look.remark(f"{kind}: {as_text(path)} line {number} {habit}: {look.brief(line.strip())}")
