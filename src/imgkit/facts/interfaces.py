"""What files say of network interfaces: ifcfg, interfaces(5), netplan, NetworkManager, networkd, cloud-init, wicked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from imgkit.facts.bounded import MOST_BYTES, at_most
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_text, first_word
from imgkit.facts.os_release import parse_settings
from imgkit.facts.room import weigh
from imgkit.facts.sections import Section, parse_sections
from imgkit.facts.yaml_reading import BadYaml, Value, flag, mapping, parse_yaml, sequence, word, words
from imgkit.model.fact import Fact
from imgkit.model.network import Interface, NetworkKind
from imgkit.units import MiB

_FILE_BYTES = MiB
_MOST = 2000
_ALL_BYTES = 16 * MiB
_LOOPBACK = "lo"
_DEFAULT_ROUTES = {"default", "0.0.0.0/0", "::/0"}
_WIRELESS = {"wifi", "802-11-wireless", "wireless"}

Parser = Callable[[Content], Iterator[Interface]]


@dataclass(frozen=True, slots=True)
class _Stanza:
    """One `iface` of interfaces(5) with its options."""

    device: str
    family: str
    method: str
    options: dict[str, list[str]] = field(default_factory=dict)


def read_interfaces(guest: Guest) -> Fact[tuple[Interface, ...]]:
    """List what every file says of an interface, also where files contradict each other."""
    gathering = Gathering(guest, most_bytes=_ALL_BYTES)
    found: list[Interface] = []
    left = MOST_BYTES
    for path, parse in _files(gathering):
        content = gathering.read(path, limit=_FILE_BYTES)
        if content is not None:
            try:
                kept, more = at_most(parse(content), _MOST, most_bytes=left)
                left -= weigh(tuple(kept), left)
                found += kept
                if more:
                    gathering.lack(f"only the first {len(kept)} interfaces of {as_text(path)} are given")
            except BadYaml as error:
                gathering.lack(f"{as_text(path)} cannot be read: {error}")
    found.sort(key=lambda one: (one.kind, one.path, one.name))
    if len(found) > _MOST:
        gathering.lack(f"only the first {_MOST} of {len(found)} are given")
    return gathering.fact(tuple(found[:_MOST]), nothing="no file says anything of an interface")


def parse_ifcfg(content: Content) -> Iterator[Interface]:
    """Read one ifcfg file of Red Hat's or SUSE's; numbers may stand behind names (`IPADDR0`)."""
    settings = parse_settings(content)
    name = settings.get("DEVICE") or as_text(content.source.path.rpartition(b"/")[2].removeprefix(b"ifcfg-"))
    if name == _LOOPBACK or settings.get("TYPE", "").lower() in _WIRELESS or "ESSID" in settings:
        return
    protocol = settings.get("BOOTPROTO", "").lower()
    yield Interface(
        kind=NetworkKind.IFCFG,
        path=content.source.path,
        name=name,
        dhcp4=protocol in {"dhcp", "dhcp4", "bootp"} if protocol else None,
        dhcp6=_yes(settings.get("DHCPV6C", "")) if "DHCPV6C" in settings else (True if protocol == "dhcp6" else None),
        addresses=tuple(_ifcfg_addresses(settings)),
        gateways=_starting(settings, "GATEWAY", "IPV6_DEFAULTGW"),
        name_servers=_starting(settings, "DNS"),
        hardware_address=settings.get("HWADDR", settings.get("MACADDR", "")),
        at_boot=_yes(settings.get("ONBOOT", "yes")) and settings.get("STARTMODE", "auto") not in {"off", "manual"},
    )


def parse_interfaces(content: Content) -> Iterator[Interface]:
    """Read interfaces(5): stanzas that begin with `iface`, options below them; `auto` lines say what comes up."""
    started: set[str] = set()
    stanzas: list[_Stanza] = []
    for _, line in content.lines():
        name, rest = first_word(line)
        parts = rest.split()
        if name in {"auto", "allow-auto", "allow-hotplug"}:
            started.update(parts)
        elif name == "iface" and parts:
            family, method = [*parts[1:3], "", ""][:2]
            stanzas.append(_Stanza(parts[0], family, method))
        elif name in {"mapping", "source", "source-directory", "no-auto-down"}:
            continue
        elif stanzas and name and not name.startswith("#"):
            stanzas[-1].options.setdefault(name, []).append(rest)
    for stanza in stanzas:
        wireless = any(option.startswith(("wpa-", "wireless-")) for option in stanza.options)
        if stanza.device != _LOOPBACK and not wireless:
            yield _interfaces_stanza(content, stanza, at_boot=stanza.device in started)


def parse_netplan(content: Content, kind: NetworkKind = NetworkKind.NETPLAN) -> Iterator[Interface]:
    """Read netplan's YAML, which cloud-init's version 2 is too; version 1 is a list. Raises BadYaml."""
    document = mapping(parse_yaml(content.text))
    network = mapping(document.get("network", document if kind is NetworkKind.CLOUD_INIT else None))
    for family in ("ethernets", "bonds", "bridges", "vlans", "tunnels", "dummy-devices", "vrfs"):
        for name, settings in mapping(network.get(family)).items():
            yield _netplan(content, kind, name, mapping(settings))
    for settings in sequence(network.get("config")):
        if word(mapping(settings).get("type")) not in {"nameserver", "route", ""}:
            yield _version_1(content, kind, mapping(settings))


def parse_cloud_init(content: Content) -> Iterator[Interface]:
    if b"network" in content.data:
        yield from parse_netplan(content, NetworkKind.CLOUD_INIT)


def parse_keyfile(content: Content) -> Iterator[Interface]:
    """Read one connection of NetworkManager; only what is named here is ever taken from it."""
    sections = {section.name: section for section in parse_sections(content)}
    connection = sections.get("connection", Section("", 0))
    if connection.last("type") in _WIRELESS or _WIRELESS & set(sections):
        return
    v4, v6 = sections.get("ipv4", Section("", 0)), sections.get("ipv6", Section("", 0))
    addresses = [value.split(",")[0] for one in (v4, v6) for value in _numbered(one, "address")]
    yield Interface(
        kind=NetworkKind.NETWORK_MANAGER,
        path=content.source.path,
        name=connection.last("interface-name") or connection.last("id"),
        dhcp4=_method(v4, {"auto"}),
        dhcp6=_method(v6, {"auto", "dhcp"}),
        addresses=tuple(addresses),
        gateways=tuple(_keyfile_gateways(v4, v6)),
        name_servers=tuple(one for section in (v4, v6) for one in section.last("dns").split(";") if one.strip()),
        hardware_address=sections.get("ethernet", Section("", 0)).last("mac-address"),
        routes=tuple(value for one in (v4, v6) for value in _numbered(one, "route")),
        at_boot=connection.last("autoconnect", "true") != "false",
    )


def parse_networkd(content: Content) -> Iterator[Interface]:
    """Read a .network file of systemd-networkd."""
    sections = list(parse_sections(content))
    match = next((one for one in sections if one.name == "Match"), Section("", 0))
    if match.last("Type") == "wlan" or match.all("SSID"):
        return
    networks = [one for one in sections if one.name == "Network"]
    dhcp = next((one.last("DHCP").lower() for one in networks if one.last("DHCP")), "")
    yield Interface(
        kind=NetworkKind.NETWORKD,
        path=content.source.path,
        name=" ".join(match.all("Name")),
        dhcp4=dhcp in {"yes", "true", "both", "ipv4", "v4"} if dhcp else None,
        dhcp6=dhcp in {"yes", "true", "both", "ipv6", "v6"} if dhcp else None,
        addresses=tuple(
            one for section in sections if section.name in {"Network", "Address"} for one in section.all("Address")
        ),
        gateways=tuple(one for section in networks for one in section.all("Gateway")),
        name_servers=tuple(one for section in networks for one in section.all("DNS")),
        hardware_address=match.last("MACAddress"),
        routes=tuple(_networkd_route(one) for one in sections if one.name == "Route"),
    )


def _interfaces_stanza(content: Content, stanza: _Stanza, *, at_boot: bool) -> Interface:
    family, method, options = stanza.family, stanza.method, stanza.options
    addresses = options.get("address", [])
    mask = options.get("netmask", [""])[0]
    return Interface(
        kind=NetworkKind.INTERFACES,
        path=content.source.path,
        name=stanza.device,
        dhcp4=method == "dhcp" if family == "inet" else None,
        dhcp6=method in {"dhcp", "auto"} if family == "inet6" else None,
        addresses=tuple(f"{one}/{mask}" if mask and "/" not in one else one for one in addresses),
        gateways=tuple(options.get("gateway", ())),
        name_servers=tuple(one for line in options.get("dns-nameservers", ()) for one in line.split()),
        hardware_address=options.get("hwaddress", [""])[0],
        routes=tuple(one for name in ("up", "post-up") for one in options.get(name, ()) if "route" in one),
        at_boot=at_boot,
    )


def _netplan(content: Content, kind: NetworkKind, name: str, settings: "dict[str, Value] | Value") -> Interface:
    routes = [mapping(one) for one in sequence(settings.get("routes"))]
    defaults = [word(one.get("via")) for one in routes if word(one.get("to")) in _DEFAULT_ROUTES]
    gateways = [word(settings.get("gateway4")), word(settings.get("gateway6")), *defaults]
    addresses = sequence(settings.get("addresses"))
    return Interface(
        kind=kind,
        path=content.source.path,
        name=word(settings.get("set-name")) or name,
        dhcp4=flag(settings.get("dhcp4")),
        dhcp6=flag(settings.get("dhcp6")),
        addresses=tuple(one if isinstance(one, str) else next(iter(mapping(one)), "") for one in addresses),
        gateways=tuple(one for one in gateways if one),
        name_servers=words(mapping(settings.get("nameservers")).get("addresses")),
        hardware_address=word(mapping(settings.get("match")).get("macaddress")) or word(settings.get("macaddress")),
        routes=tuple(f"{word(one.get('to'))} via {word(one.get('via'))}" for one in routes),
    )


def _version_1(content: Content, kind: NetworkKind, settings: "dict[str, Value] | Value") -> Interface:
    subnets = [mapping(one) for one in sequence(settings.get("subnets"))]
    types = [word(one.get("type")) for one in subnets]
    return Interface(
        kind=kind,
        path=content.source.path,
        name=word(settings.get("name")),
        dhcp4=bool({"dhcp", "dhcp4"} & set(types)) if types else None,
        dhcp6=bool({"dhcp6", "ipv6_slaac", "ipv6_dhcpv6-stateful"} & set(types)) if types else None,
        addresses=tuple(word(one.get("address")) for one in subnets if word(one.get("address"))),
        gateways=tuple(word(one.get("gateway")) for one in subnets if word(one.get("gateway"))),
        name_servers=tuple(one for subnet in subnets for one in words(subnet.get("dns_nameservers"))),
        hardware_address=word(settings.get("mac_address")),
    )


def _ifcfg_addresses(settings: dict[str, str]) -> Iterator[str]:
    for name in sorted(settings):
        number = name.removeprefix("IPADDR")
        if number != name and (not number or number.isdecimal() or number.startswith("_")):
            prefix = settings.get(f"PREFIX{number}") or settings.get(f"NETMASK{number}", "")
            address = settings[name]
            yield f"{address}/{prefix}" if prefix and "/" not in address else address
    yield from settings.get("IPV6ADDR", "").split()


def _starting(settings: dict[str, str], *names: str) -> tuple[str, ...]:
    return tuple(value for name, value in sorted(settings.items()) if value and name.rstrip("0123456789") in names)


def _numbered(section: Section, name: str) -> Iterator[str]:
    for key, values in section.settings.items():
        if key == f"{name}es" or (key.startswith(name) and key[len(name) :].isdecimal()):
            yield from values


def _keyfile_gateways(v4: Section, v6: Section) -> Iterator[str]:
    for section in (v4, v6):
        yield from section.all("gateway")
        for value in _numbered(section, "address"):
            yield from (part for part in value.split(",")[1:2] if part)


def _method(section: Section, automatic: set[str]) -> bool | None:
    method = section.last("method")
    return method in automatic if method else None


def _networkd_route(section: Section) -> str:
    return f"{section.last('Destination', 'default')} via {section.last('Gateway')}"


def _yes(value: str) -> bool:
    return value.lower() in {"yes", "true", "1", "on"}


def _files(gathering: Gathering) -> Iterator[tuple[bytes, Parser]]:
    yield b"/etc/network/interfaces", parse_interfaces
    for folder, start, end, parse in _FOLDERS:
        for one in gathering.names(folder, suffix=end):
            if one.entry.name.startswith(start):
                yield one.path, parse


_FOLDERS: tuple[tuple[bytes, bytes, bytes, Parser], ...] = (
    (b"/etc/network/interfaces.d", b"", b"", parse_interfaces),
    (b"/etc/sysconfig/network-scripts", b"ifcfg-", b"", parse_ifcfg),
    (b"/etc/sysconfig/network", b"ifcfg-", b"", parse_ifcfg),
    (b"/etc/netplan", b"", b".yaml", parse_netplan),
    (b"/run/netplan", b"", b".yaml", parse_netplan),
    (b"/lib/netplan", b"", b".yaml", parse_netplan),
    (b"/etc/NetworkManager/system-connections", b"", b"", parse_keyfile),
    (b"/usr/lib/NetworkManager/system-connections", b"", b".nmconnection", parse_keyfile),
    (b"/etc/systemd/network", b"", b".network", parse_networkd),
    (b"/etc/cloud/cloud.cfg.d", b"", b".cfg", parse_cloud_init),
)
