"""Tables of a system's network, and a line of it for the summary."""

from collections.abc import Iterator

from imgkit.model.network import Firewall, Interface, Network
from imgkit.render.titles import Table, decode, list_title, state_words, unknown_words
from imgkit.units import format_utc


def network_tables(network: Network | None, of: str) -> Iterator[Table]:
    """Yield every list of the network."""
    if network is None:
        return
    interfaces = network.interfaces
    yield (
        list_title("INTERFACES" + of, interfaces),
        _INTERFACE_HEADS,
        [_interface(one) for one in interfaces.value or ()],
    )
    resolver = network.resolver.value
    rows = [("name server", one) for one in resolver.name_servers] if resolver else []
    rows += [("search", one) for one in resolver.search] if resolver else []
    rows += [("link to", decode(resolver.link))] if resolver and resolver.link else []
    yield f"NAMES{of}" + ("" if resolver else f": {state_words(network.resolver)}"), ("", ""), rows
    hosts = [(str(one.line), one.address, " ".join(one.names)) for one in network.hosts.value or ()]
    yield list_title("HOSTS" + of, network.hosts), ("line", "address", "names"), hosts
    access = [(decode(one.path), str(one.line), one.daemons, one.clients) for one in network.access.value or ()]
    yield list_title("RULES OF ACCESS" + of, network.access), ("file", "line", "daemons", "clients"), access
    walls = [row for one in network.firewalls.value or () for row in _firewall(one)]
    yield list_title("FIREWALLS" + of, network.firewalls), ("firewall", "file", "rule"), walls
    leases = [
        (one.interface, one.address, one.server, format_utc(one.expires) if one.expires else "", decode(one.path))
        for one in network.leases.value or ()
    ]
    yield list_title("LEASES" + of, network.leases), ("interface", "address", "server", "until", "file"), leases


def network_words(network: Network) -> str:
    """Return the line of the summary: each interface with its addresses, the name servers."""
    found = network.interfaces.value
    if unknown := unknown_words(network.interfaces):
        return unknown[0]
    seen = [f"{one.name or one.hardware_address} {_how(one)}" for one in found or ()]
    resolver = network.resolver.value
    servers = f"; names by {', '.join(resolver.name_servers[:3])}" if resolver and resolver.name_servers else ""
    more = f" and {len(seen) - 4} more" if len(seen) > 4 else ""
    named = ", ".join(dict.fromkeys(seen[:4])) + more
    return named + servers if seen else f"no interface{servers}" if servers else ""


_INTERFACE_HEADS = ("interface", "how", "gateways", "name servers", "at boot", "by", "file")


def _interface(one: Interface) -> tuple[str, ...]:
    name = one.name or one.hardware_address
    boot = "yes" if one.at_boot else "no"
    return name, _how(one), ", ".join(one.gateways), ", ".join(one.name_servers), boot, one.kind, decode(one.path)


def _how(one: Interface) -> str:
    automatic = ["DHCP"] if one.dhcp4 else []
    automatic += ["IPv6 automatic"] if one.dhcp6 else []
    return ", ".join([*automatic, *one.addresses]) or "no address"


def _firewall(one: Firewall) -> Iterator[tuple[str, str, str]]:
    state = {None: "", True: ", on", False: ", off"}[one.enabled]
    yield f"{one.kind}{state}", decode(one.path), f"{one.rules_total} rules; {', '.join(one.policies)}"
    for rule in one.rules:
        yield "", "", rule
