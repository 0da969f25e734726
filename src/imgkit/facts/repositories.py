"""Where packages come from: the repositories of apt, yum, zypper and apk."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from imgkit.facts.bounded import MOST_BYTES, at_most
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_text
from imgkit.facts.room import weigh
from imgkit.facts.sections import Section, parse_sections
from imgkit.model.fact import Fact
from imgkit.model.packages import Repository, RepositoryKind
from imgkit.units import MiB

_FILE_BYTES = MiB
_MOST_REPOSITORIES = 2000
_ONE_LINE = re.compile(r"(?P<type>deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<rest>\S.*)")
_YES, _NO = {"1", "yes", "true", "on"}, {"0", "no", "false", "off"}

Parser = Callable[[Content], Iterator[Repository]]


def read_repositories(guest: Guest) -> Fact[tuple[Repository, ...]]:
    """List every repository that a file names, also those that are switched off."""
    gathering = Gathering(guest)
    found: list[Repository] = []
    left = MOST_BYTES
    for path, parse in _files(gathering):
        content = gathering.read(path, limit=_FILE_BYTES)
        kept, more = at_most(parse(content) if content is not None else (), _MOST_REPOSITORIES, most_bytes=left)
        left -= weigh(tuple(kept), left)
        found += kept
        if more:
            gathering.lack(f"only the first {len(kept)} repositories of {as_text(path)} are given")
    found.sort(key=lambda one: (one.kind, one.path, one.line, one.name))
    if len(found) > _MOST_REPOSITORIES:
        gathering.lack(f"only the first {_MOST_REPOSITORIES} of {len(found)} repositories are given")
    shown = (_quoted(guest, one) for one in found[:_MOST_REPOSITORIES])
    return gathering.fact(tuple(shown), nothing="there are no files of repositories")


def _quoted(guest: Guest, one: Repository) -> Repository:
    return replace(one, addresses=tuple(map(guest.quote, one.addresses)), key=guest.quote(one.key))


def parse_apt_lines(content: Content) -> Iterator[Repository]:
    """Read the one-line style of sources.list(5); a line that is commented out is left out."""
    for number, line in content.lines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip()) if line.startswith("deb") else None
        if match is None:
            continue
        address, *words = match["rest"].split()
        options = dict(word.partition("=")[::2] for word in (match["options"] or "").split())
        yield Repository(
            kind=RepositoryKind.APT,
            path=content.source.path,
            line=number,
            name="",
            addresses=(address,),
            enabled=True,
            suites=tuple(words[:1]),
            components=tuple(words[1:]),
            sources=match["type"] == "deb-src",
            signed=False if options.get("trusted", "").lower() in _YES else None,
            key=options.get("signed-by", ""),
        )


def parse_apt_stanzas(content: Content) -> Iterator[Repository]:
    """Read the deb822 style: paragraphs of `Name: value`."""
    stanza: dict[str, list[str]] = {}
    start, name = 0, ""
    for number, raw in enumerate([*content.data.split(b"\n"), b""], start=1):
        line = raw.decode("utf-8", "surrogateescape").rstrip()
        if not line:
            yield from _apt_stanza(content, stanza, start)
            stanza, start, name = {}, 0, ""
        elif line.startswith("#"):
            continue
        elif line[0] in " \t":
            if name:
                stanza[name].append(line.strip())
        else:
            name, _, value = line.partition(":")
            name = name.lower()
            stanza.setdefault(name, []).append(value.strip())
            start = start or number


def _apt_stanza(content: Content, stanza: dict[str, list[str]], line: int) -> Iterator[Repository]:
    words = {name: tuple(" ".join(values).split()) for name, values in stanza.items() if name != "signed-by"}
    if "uris" not in words:
        return
    key = stanza.get("signed-by", [""])
    yield Repository(
        kind=RepositoryKind.APT,
        path=content.source.path,
        line=line,
        name=" ".join(stanza.get("x-repolib-name", [])),
        addresses=words["uris"],
        enabled=words.get("enabled", ("yes",))[:1] != ("no",),
        suites=words.get("suites", ()),
        components=words.get("components", ()),
        sources="deb-src" in words.get("types", ()),
        signed=False if "".join(words.get("trusted", ())).lower() in _YES else None,
        key=key[0] if len(key) == 1 else "in the file itself",
    )


def parse_yum(content: Content, kind: RepositoryKind = RepositoryKind.YUM) -> Iterator[Repository]:
    """Read a .repo file of yum, dnf or zypper: a section a repository."""
    for section in parse_sections(content):
        if section.name and section.name != "main":
            yield Repository(
                kind=kind,
                path=content.source.path,
                line=section.line,
                name=section.name,
                addresses=tuple(_yum_addresses(section)),
                enabled=section.last("enabled", "1").lower() not in _NO,
                signed=_flag(section.last("gpgcheck")),
                key=" ".join(section.all("gpgkey")),
            )


def parse_zypp(content: Content) -> Iterator[Repository]:
    return parse_yum(content, RepositoryKind.ZYPP)


def parse_apk(content: Content) -> Iterator[Repository]:
    """Read /etc/apk/repositories: an address a line, perhaps with a @tag before it."""
    for number, line in content.lines():
        words = line.split()
        if words and not line.startswith("#"):
            tag = words[0] if words[0].startswith("@") else ""
            address = " ".join(words[1:] if tag else words)
            yield Repository(
                kind=RepositoryKind.APK,
                path=content.source.path,
                line=number,
                name=tag,
                addresses=(address,),
                enabled=True,
            )


def _yum_addresses(section: Section) -> Iterable[str]:
    for name in ("baseurl", "mirrorlist", "metalink"):
        for value in section.all(name):
            yield from value.replace(",", " ").split()


def _flag(word: str) -> bool | None:
    return None if not word else word.lower() not in _NO


def _files(gathering: Gathering) -> Iterator[tuple[bytes, Parser]]:
    yield b"/etc/apt/sources.list", parse_apt_lines
    for folder, ending, parse in (
        (b"/etc/apt/sources.list.d", b".list", parse_apt_lines),
        (b"/etc/apt/sources.list.d", b".sources", parse_apt_stanzas),
        (b"/etc/yum.repos.d", b".repo", parse_yum),
        (b"/etc/zypp/repos.d", b".repo", parse_zypp),
    ):
        yield from ((one.path, parse) for one in gathering.names(folder, suffix=ending))
    yield b"/etc/yum.conf", parse_yum
    yield b"/etc/apk/repositories", parse_apk
