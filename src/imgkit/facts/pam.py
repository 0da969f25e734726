"""PAM's stacks: what is asked when somebody comes in, line by line (pam.d(5)), and modules from unusual places."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from imgkit.facts.config_lines import MOST_LINES, by_name, remark_odd_files, whole_lines
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_path, as_text
from imgkit.model.fact import Fact
from imgkit.model.persistence import PamLine
from imgkit.model.tree import EntryKind

_FOLDERS = (b"/etc/pam.d", b"/usr/lib/pam.d", b"/usr/etc/pam.d")
_ONE_FILE = b"/etc/pam.conf"
_MODULES = (
    b"/lib/security",
    b"/lib64/security",
    b"/usr/lib/security",
    b"/usr/lib64/security",
    b"/usr/local/lib/security",
)
_MULTIARCH = (b"/lib", b"/usr/lib")
_INFO = b"/var/lib/dpkg/info"
_TYPES = {"auth", "account", "password", "session"}
_LINE = re.compile(
    r"(?P<type>-?\w{1,16})\s+(?P<control>\[[^\]]{0,1024}\]|\w{1,32})\s+(?P<module>\S{1,4096})(?P<arguments>\s.*)?",
    re.DOTALL,
)
_INCLUDE = re.compile(r"@include\s+(\S{1,256})")
_TOLD_ABOUT = {
    "pam_exec.so": "runs a program at log-in",
    "pam_script.so": "runs scripts at log-in",
    "pam_python.so": "runs a program in Python at log-in",
    "pam_python3.so": "runs a program in Python at log-in",
}


def read_pam(guest: Guest) -> Fact[tuple[PamLine, ...]]:
    """List every line of every stack; what lets in without asking, or comes from elsewhere, stands out."""
    look = Gathering(guest)
    files = by_name(look, _FOLDERS, suffix=b"")
    remark_odd_files(look, "the PAM file", files)
    each = (line for found in files for line in _lines(look, found.path, as_text(found.entry.name)))
    lines = look.first(chain(each, _lines(look, _ONE_FILE, "")), MOST_LINES, "lines")
    present = _modules(look)
    for line in lines:
        _remark(look, line, present)
    _remark_strangers(look, present)
    return look.fact(lines, nothing="there is no PAM")


def _lines(look: Gathering, path: bytes, service: str) -> Iterator[PamLine]:
    for number, whole in whole_lines(look, path):
        line, named = whole, service
        if not service:
            named, _, line = whole.partition(" ")
            line = line.lstrip()
        included = _INCLUDE.match(line)
        if included is not None:
            yield PamLine(
                path=path, line=number, service=named, type="", control="include", module=included[1], arguments=""
            )
            continue
        found = _LINE.fullmatch(line.partition("#")[0].strip())
        if found is None or found["type"].lstrip("-").lower() not in _TYPES:
            look.lack_line(path, number, "it is no line of PAM")
            continue
        yield PamLine(
            path=path,
            line=number,
            service=named,
            type=found["type"].lower(),
            control=found["control"].lower(),
            module=found["module"],
            arguments=look.guest.quote((found["arguments"] or "").strip()),
        )


def _modules(look: Gathering) -> dict[str, bytes]:
    """Return the modules in the folders where PAM looks, each with its path."""
    folders = list(_MODULES)
    for base in _MULTIARCH:
        folders += [
            base + b"/" + entry.name + b"/security"
            for entry in look.folder(base)
            if entry.kind is EntryKind.FOLDER and b"-linux-" in entry.name
        ]
    modules: dict[str, bytes] = {}
    for folder in folders:
        for found in look.names(folder, suffix=b".so"):
            modules.setdefault(as_text(found.entry.name), found.path)
    return modules


def _remark(look: Gathering, line: PamLine, present: dict[str, bytes]) -> None:
    if line.control in {"include", "substack"}:
        return
    where = f"{as_text(line.path)} line {line.line}"
    name = line.module.rpartition("/")[2]
    folder = as_path(line.module.rpartition("/")[0])
    if line.module.startswith("/") and folder not in _MODULES and not re.search(rb"-linux-[\w]+/security$", folder):
        look.remark(f"{where}: the module {line.module} comes from an unusual folder")
    elif present and name not in present and not line.type.startswith("-"):
        look.remark(f"{where}: the module {line.module} is in none of PAM's folders")
    if name in _TOLD_ABOUT:
        look.remark(f"{where}: {line.module} {_TOLD_ABOUT[name]} ({look.brief(line.arguments)})")
    if (
        name == "pam_permit.so"
        and line.type == "auth"
        and line.control in {"sufficient", "[success=done default=ignore]"}
    ):
        look.remark(f"{where}: lets in without asking ({line.type} {line.control} {line.module})")


def _remark_strangers(look: Gathering, present: dict[str, bytes]) -> None:
    """Name the modules that no package of dpkg put there; rpm's lists of files are not read."""
    lists = [entry.name for entry in look.folder(_INFO) if entry.name.endswith(b".list")]
    if not lists or not present:
        return
    known = _listed(look, [name for name in lists if b"pam" in name])
    strangers = {name: path for name, path in present.items() if name not in known}
    if strangers:
        known |= _listed(look, lists)
    for name in sorted(set(strangers) - known):
        look.remark(f"the PAM module {as_text(strangers[name])} belongs to no package")


def _listed(look: Gathering, lists: Sequence[bytes]) -> set[str]:
    """Return the names of the modules in dpkg's lists of files; the lists are not sources of the fact."""
    aside = Gathering(look.guest)
    known: set[str] = set()
    look.guest.will_read([_INFO + b"/" + name for name in lists])
    for name in lists:
        content = aside.read(_INFO + b"/" + name)
        if content is not None:
            known |= {as_text(path.rpartition(b"/")[2]) for path in content.data.split(b"\n") if b"/security/" in path}
    return known
