"""Machines of systemd-nspawn: folders and images below /var/lib/machines, with their settings (systemd.nspawn(5))."""

from collections.abc import Iterator
from dataclasses import replace

from imgkit.facts.container_files import say_what_stands_out, unknown_container
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.sections import Section, parse_sections
from imgkit.model.containers import Container, EngineKind
from imgkit.model.tree import EntryKind

MACHINES = b"/var/lib/machines"
_SETTINGS = (b"/etc/systemd/nspawn/", b"/run/systemd/nspawn/", MACHINES + b"/")  # the first holds
_NO = frozenset({"0", "f", "false", "n", "no", "off"})
_MOST = 1000
_MOST_LISTED = 100


def nspawn_containers(gathering: Gathering) -> Iterator[Container]:
    """Yield the machines, those without settings of their own too."""
    held = gathering.folder(MACHINES)
    names = [one.name for one in held if one.kind is EntryKind.FOLDER and not one.name.startswith(b".")]
    names += [one.name for one in held if one.kind is EntryKind.FILE and one.name.endswith(b".raw")]
    for name in gathering.first(names, _MOST, "machines of systemd-nspawn"):
        yield _container(gathering, MACHINES + b"/" + name, name.removesuffix(b".raw"))


def _container(gathering: Gathering, path: bytes, name: bytes) -> Container:
    bare = unknown_container(EngineKind.NSPAWN, as_text(name), path)
    read = (gathering.read(folder + name + b".nspawn") for folder in _SETTINGS)
    content = next((one for one in read if one is not None), None)
    if content is None:
        return bare
    sections: dict[str, Section] = {}
    for one in parse_sections(content):
        known = sections.setdefault(one.name, Section(one.name, one.line)).settings
        for setting, values in one.settings.items():
            known.setdefault(setting, []).extend(values)
    run, files, network = (sections.get(one, Section(one, 0)) for one in ("Exec", "Files", "Network"))
    granted = " ".join(run.all("Capability")).split()
    host = network.last("VirtualEthernet").lower() in _NO and network.last("Private", "no").lower() in _NO
    binds = [
        *files.all("Bind"),
        *(f"{one}:ro" if ":" in one else f"{one}:{one}:ro" for one in files.all("BindReadOnly")),
    ]
    found = replace(
        bare,
        command=gathering.guest.quote(run.last("Parameters")),
        privileged="all" in granted if granted else None,
        network="host" if host else "",
        binds=tuple(sorted(one if ":" in one else f"{one}:{one}" for one in binds)[:_MOST_LISTED]),
        environment=tuple(one.partition("=")[0] for one in run.all("Environment"))[:_MOST_LISTED],
        ports=network.all("Port")[:_MOST_LISTED],
        capabilities=() if "all" in granted else tuple(granted)[:_MOST_LISTED],
    )
    say_what_stands_out(gathering, found, ["Network"] if host else [])
    return found
