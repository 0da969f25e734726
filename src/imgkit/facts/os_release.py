"""Which operating system: os-release, and the release files of those who had one before or tell more in it."""

import re

from imgkit.facts.guest import Content, Guest
from imgkit.model.fact import Fact, Setting
from imgkit.model.identity import OperatingSystem

_FILE_BYTES = 256 * 1024
_OS_RELEASE = (b"/etc/os-release", b"/usr/lib/os-release")
_RELEASE_FILES = (  # most telling first: derived distributions keep their parent's file too
    b"/etc/alinux-release",
    b"/etc/anolis-release",
    b"/etc/openEuler-release",
    b"/etc/kylin-release",
    b"/etc/centos-release",
    b"/etc/rocky-release",
    b"/etc/almalinux-release",
    b"/etc/oracle-release",
    b"/etc/fedora-release",
    b"/etc/redhat-release",
    b"/etc/SuSE-release",
    b"/etc/alpine-release",
    b"/etc/debian_version",
)
_SENTENCE = re.compile(r"(?P<name>.+?) (?:release|version) (?P<release>V?\d[\w.]*)(?: \((?P<codename>[^()]*)\))?")
_SERVICE_PACK = re.compile(r"\(((?:LTS(?:-SP\d{1,2})?|SP\d{1,2}))\)")  # openEuler and Kylin tell it in brackets
_BARE_NAMES = {
    b"/etc/debian_version": ("debian", "Debian GNU/Linux"),
    b"/etc/alpine-release": ("alpine", "Alpine Linux"),
}
_FAMILIES = {
    "alpine": {"alpine"},
    "debian": {"debian", "ubuntu", "deepin", "uos", "kali", "linuxmint", "raspbian"},
    "suse": {"suse", "sles", "sled", "sle_hpc", "opensuse", "opensuse-leap", "opensuse-tumbleweed"},
    "openeuler": {"openeuler", "euleros", "kylin", "hce"},
    "redhat": {"rhel", "centos", "fedora", "alinux", "aliyun", "anolis", "rocky", "almalinux", "ol", "opencloudos"},
    "arch": {"arch"},
    "gentoo": {"gentoo"},
}
_FAMILY_WORDS = (
    ("openeuler", "openeuler"), ("kylin", "openeuler"),
    ("alibaba", "redhat"), ("aliyun", "redhat"), ("anolis", "redhat"), ("centos", "redhat"),
    ("red hat", "redhat"), ("rocky", "redhat"), ("alma", "redhat"), ("oracle", "redhat"), ("fedora", "redhat"),
    ("suse", "suse"), ("debian", "debian"), ("ubuntu", "debian"), ("alpine", "alpine"),
)  # fmt: skip


def read_operating_system(guest: Guest) -> Fact[OperatingSystem]:
    """Identify the operating system by its own names."""
    described = guest.read_first(*_OS_RELEASE, limit=_FILE_BYTES)
    release_file = guest.read_first(*_RELEASE_FILES, limit=_FILE_BYTES)
    sources = tuple(content.source for content in (described, release_file) if content is not None)
    if not sources:
        return Fact.absent("there is neither an os-release nor any other release file")
    fields = parse_settings(described) if described is not None else {}
    return Fact.present(_identify(fields, release_file), sources=sources)


def parse_settings(content: Content) -> dict[str, str]:
    """Read lines of NAME=value as a shell would, without ever expanding anything; the last of a name holds."""
    found = {}
    for _, line in content.lines():
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals and name.isidentifier():
            found[name] = unquote(value)
    return found


def unquote(word: str) -> str:
    """Undo a shell's quoting of one word; a quote that never closes reaches to the end."""
    found: list[str] = []
    quote = ""
    letters = iter(word)
    for letter in letters:
        if letter == quote:
            quote = ""
        elif not quote and letter in "\"'":
            quote = letter
        elif letter == "\\" and quote != "'":
            found.append(next(letters, ""))
        elif not quote and letter in " \t#":
            break
        else:
            found.append(letter)
    return "".join(found)


def _identify(fields: dict[str, str], release_file: Content | None) -> OperatingSystem:
    line = next((line for _, line in release_file.lines() if line), "") if release_file is not None else ""
    own_id, own_name, told, codename = _read_release_line(release_file.source.path if release_file else b"", line)
    identity = fields.get("ID", own_id)
    id_like = tuple(fields.get("ID_LIKE", "").split())
    name = fields.get("NAME", own_name)
    return OperatingSystem(
        name=name,
        release=_fullest_release(fields, told),
        family=_family(identity, id_like, name),
        id=identity,
        id_like=id_like,
        pretty_name=fields.get("PRETTY_NAME", line if not own_id else f"{own_name} {line}".strip()),
        version=fields.get("VERSION", ""),
        version_id=fields.get("VERSION_ID", ""),
        codename=fields.get("VERSION_CODENAME", codename),
        variant=fields.get("VARIANT", ""),
        alinux_minor_id=fields.get("ALINUX_MINOR_ID", ""),
        alinux_update_id=fields.get("ALINUX_UPDATE_ID", fields.get("UPDATE_ID", "") if identity == "alinux" else ""),
        release_line=line,
        fields=tuple(Setting(name=name, value=value) for name, value in sorted(fields.items())),
    )


def _read_release_line(path: bytes, line: str) -> tuple[str, str, str, str]:
    """Return id, name, release and code name as a release file tells them."""
    if path in _BARE_NAMES:
        return (*_BARE_NAMES[path], line, "")
    told = _SENTENCE.match(line)
    if told is None:
        return "", line, "", ""
    return "", told["name"], told["release"], told["codename"] or ""


def _fullest_release(fields: dict[str, str], told: str) -> str:
    """Return the most exact release: Alibaba Cloud Linux splits its own into three fields, others keep it in a file."""
    stated = fields.get("VERSION_ID", "")
    if "ALINUX_MINOR_ID" in fields:
        update = fields.get("ALINUX_UPDATE_ID", "")
        return f"{stated}.{fields['ALINUX_MINOR_ID']}" + (f" U{update}" if update else "")
    for fuller in (told, fields.get("VERSION", "").partition(" ")[0]):
        if fuller[:1].isdigit() and (not stated or fuller.startswith(stated + ".")):
            return fuller
    found = stated or told
    pack = _SERVICE_PACK.search(fields.get("VERSION", ""))
    return f"{found} {pack[1]}" if found and pack and pack[1] not in found else found


def _family(identity: str, id_like: tuple[str, ...], name: str) -> str:
    for word in (identity, *id_like):
        for family, members in _FAMILIES.items():
            if word.lower() in members:
                return family
    lowered = name.lower()
    return next((family for word, family in _FAMILY_WORDS if word in lowered), "")
