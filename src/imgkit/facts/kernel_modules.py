"""Which kernel modules are loaded at the start, and what modprobe is told to run or to leave out (modprobe.d(5))."""

from imgkit.facts.config_lines import by_name, config_lines, remark_odd_files
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.model.fact import Fact
from imgkit.model.persistence import ConfigLine

_LOAD = (
    b"/etc/modules-load.d",
    b"/run/modules-load.d",
    b"/usr/local/lib/modules-load.d",
    b"/usr/lib/modules-load.d",
    b"/lib/modules-load.d",
)
_CONFIGURE = (
    b"/etc/modprobe.d",
    b"/run/modprobe.d",
    b"/usr/local/lib/modprobe.d",
    b"/usr/lib/modprobe.d",
    b"/lib/modprobe.d",
)
_LISTS = (b"/etc/modules", b"/etc/initramfs-tools/modules")
_DIRECTIVES = {"alias", "blacklist", "install", "options", "remove", "softdep", "weakdep"}
_ORDINARY_INSTALLS = ("/bin/true", "/bin/false", "/usr/bin/true", "/usr/bin/false", ":")


def read_kernel_modules(guest: Guest) -> Fact[tuple[ConfigLine, ...]]:
    """List modules that are loaded, and modprobe's lines; a command that loading a module runs stands out."""
    look = Gathering(guest)
    loading = [*by_name(look, _LOAD, suffix=b".conf")]
    configuring = by_name(look, _CONFIGURE, suffix=b".conf")
    remark_odd_files(look, "the file", [*loading, *configuring])
    lines = list(
        config_lines(look, [*_LISTS, *(found.path for found in loading)], lambda _path, _line: "load", comments="#;")
    )
    lines += config_lines(look, [found.path for found in configuring], _directive)
    for line in lines:
        command = line.text.split(None, 2)[2:] if line.kind in {"install", "remove"} else []
        if command and command[0] not in _ORDINARY_INSTALLS:
            look.remark(f"{as_text(line.path)} line {line.line}: loading or removing a module runs {command[0][:200]}")
    return look.fact(tuple(lines), nothing="there are no lists of kernel modules")


def _directive(_path: bytes, line: str) -> str:
    words = line.split(None, 1)
    return words[0].lower() if words and words[0].lower() in _DIRECTIVES else ""
