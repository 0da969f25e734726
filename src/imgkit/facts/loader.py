"""What is loaded into every program: preloaded libraries, folders of libraries, the environment of log-ins."""

from imgkit.facts.config_lines import config_lines
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.init_scripts import read_inittab
from imgkit.model.fact import Fact
from imgkit.model.persistence import ConfigLine

_PRELOAD = b"/etc/ld.so.preload"
_KINDS = {
    _PRELOAD: "preload",
    b"/etc/ld.so.conf": "library folder",
    b"/etc/environment": "environment",
    b"/etc/security/pam_env.conf": "environment",
    b"/etc/default/login": "environment",
    b"/etc/login.conf": "environment",
}
_FOLDERS = (
    (b"/etc/ld.so.conf.d", b".conf", "library folder"),
    (b"/etc/environment.d", b".conf", "environment"),
    (b"/usr/lib/environment.d", b".conf", "environment"),
    (b"/etc/systemd/system.conf.d", b".conf", "manager"),
)
_MANAGERS = (b"/etc/systemd/system.conf", b"/etc/systemd/user.conf")
_OF_A_MANAGER = ("DefaultEnvironment", "ManagerEnvironment")


def read_loader(guest: Guest) -> Fact[tuple[ConfigLine, ...]]:
    """List the lines of the dynamic linker and of the environment, and those of inittab."""
    look = Gathering(guest)
    kinds = dict(_KINDS)
    for folder, suffix, kind in _FOLDERS:
        kinds |= {found.path: kind for found in look.names(folder, suffix=suffix)}
    kinds |= dict.fromkeys(_MANAGERS, "manager")

    def kind_of(path: bytes, line: str) -> str:
        kind = kinds[path]
        return kind if kind != "manager" or line.startswith(_OF_A_MANAGER) else ""

    lines = list(config_lines(look, sorted(kinds), kind_of))
    for line in lines:
        if line.kind == "preload":
            look.remark(f"{as_text(_PRELOAD)} loads {line.text} into every program")
        elif line.text.startswith(("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT")):
            look.remark(f"{as_text(line.path)} line {line.line} sets {line.text}")
    return look.fact((*lines, *read_inittab(look)), nothing="there are no files of the dynamic linker")
