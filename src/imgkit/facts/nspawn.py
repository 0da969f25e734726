"""Machines of systemd-nspawn: folders and images below /var/lib/machines, with their settings (systemd.nspawn(5))."""

from collections.abc import Iterator
from dataclasses import replace

from imgkit.facts.config_words import split_words
from imgkit.facts.container_files import say_what_stands_out, unknown_container
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.unit_file import UnitText
from imgkit.model.containers import Container, EngineKind
from imgkit.model.tree import EntryKind

MACHINES = b"/var/lib/machines"
_TRUSTED = (b"/etc/systemd/nspawn/", b"/run/systemd/nspawn/")  # the first holds
_NETWORKS = ("Bridge", "IPVLAN", "Interface", "MACVLAN", "VirtualEthernetExtra", "Zone")
_YES, _NO = frozenset({"1", "on", "t", "true", "y", "yes"}), frozenset({"0", "f", "false", "n", "no", "off"})
_KINDS = frozenset({EntryKind.FILE, EntryKind.FOLDER, EntryKind.LINK})
_MOST = 1000
_MOST_LISTED = 100


def nspawn_containers(gathering: Gathering) -> Iterator[Container]:
    """Yield the machines, those without settings of their own too; systemd follows links to them."""
    held = [one for one in gathering.folder(MACHINES) if one.kind in _KINDS and not one.name.startswith(b".")]
    names = [one.name for one in held if one.name.endswith(b".raw") or one.kind is not EntryKind.FILE]
    for name in gathering.first(names, _MOST, "machines of systemd-nspawn"):
        yield _container(gathering, MACHINES + b"/" + name, name.removesuffix(b".raw"))


def _container(gathering: Gathering, path: bytes, name: bytes) -> Container:
    bare = unknown_container(EngineKind.NSPAWN, as_text(name), path)
    read = (gathering.read(folder + name + b".nspawn") for folder in _TRUSTED)
    trusted = next((one for one in read if one is not None), None)
    content = trusted or gathering.read(MACHINES + b"/" + name + b".nspawn")
    if content is None:
        return bare
    kept = UnitText()
    kept.add(content.data)
    command = " ".join(split_words(kept.last("Exec", "Parameters")))
    assigned = [word for value in kept.all("Exec", "Environment") for word in split_words(value) if "=" in word]
    found = replace(
        bare,
        command=gathering.guest.quote(command),
        environment=tuple(one.partition("=")[0] for one in assigned)[:_MOST_LISTED],
    )
    if trusted is None:  # it may not give itself anything: systemd.nspawn(5)
        gathering.remark(f"the settings of the machine {found.name} lie beside it: systemd follows none that reach out")
        return found
    is_host = _shares_network(kept)
    granted, dropped = kept.words("Exec", "Capability"), kept.words("Exec", "DropCapability")
    found = replace(
        found,
        privileged="all" in granted and not {"all", "CAP_SYS_ADMIN"} & set(dropped) if granted else None,
        network="host" if is_host else "",
        binds=tuple(sorted(_binds(kept))[:_MOST_LISTED]),
        ports=tuple(kept.words("Network", "Port")[:_MOST_LISTED]),
        capabilities=() if "all" in granted else tuple(one for one in granted if one not in dropped)[:_MOST_LISTED],
    )
    say_what_stands_out(gathering, found, ["Network"] if is_host else [])
    return found


def _shares_network(kept: UnitText) -> bool:
    """Whether the settings leave the system's own network: they speak of networks, and of none that is private."""
    private, virtual = (kept.last("Network", one).lower() for one in ("Private", "VirtualEthernet"))
    others = any(kept.all("Network", one) for one in _NETWORKS)
    return {private, virtual} & _NO != set() and not {private, virtual} & _YES and not others


def _binds(kept: UnitText) -> Iterator[str]:
    for setting, end in (("Bind", ""), ("BindReadOnly", ":ro")):
        for one in kept.words("Files", setting):
            source, _, inside = one.removeprefix("-").partition(":")
            if source.startswith("/"):  # "+" is a folder of the machine's own, and nothing one in memory
                yield f"{source}:{inside.partition(':')[0] or source}{end}"
