"""How a system is told to be on the network: interfaces, names, rules, leases."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imgkit.model.fact import Fact


class NetworkKind(StrEnum):
    """Who reads the configuration."""

    IFCFG = "ifcfg"
    INTERFACES = "interfaces"
    NETPLAN = "netplan"
    NETWORK_MANAGER = "networkmanager"
    NETWORKD = "networkd"
    CLOUD_INIT = "cloud-init"
    WICKED = "wicked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What one file says of one interface; `name` may be a pattern, or empty where the hardware address matches.

    Secrets in it (keys of tunnels, 802.1X) are never kept; networks without wires are left out.
    """

    kind: NetworkKind
    path: bytes
    name: str
    dhcp4: bool | None = None
    dhcp6: bool | None = None
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    hardware_address: str = ""
    routes: tuple[str, ...] = ()
    at_boot: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Who answers for names; `link` is where /etc/resolv.conf points, if it is a link."""

    name_servers: tuple[str, ...]
    search: tuple[str, ...]
    options: tuple[str, ...]
    link: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostName:
    """A line of /etc/hosts."""

    line: int
    address: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """A line of hosts.allow or hosts.deny."""

    path: bytes
    line: int
    allows: bool
    daemons: str
    clients: str


class FirewallKind(StrEnum):
    IPTABLES = "iptables"
    NFTABLES = "nftables"
    FIREWALLD = "firewalld"
    UFW = "ufw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """One file of rules. `policies` are what happens where no rule speaks; `rules` are the first of its own words.

    `enabled` is what the same file, or its program's own, says of itself; None where that is a matter of services.
    """

    kind: FirewallKind
    path: bytes
    enabled: bool | None
    policies: tuple[str, ...]
    rules: tuple[str, ...]
    rules_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An address that a DHCP server gave; times are the server's or client's, as the file has them in UTC."""

    path: bytes
    interface: str
    address: str
    server: str
    routers: tuple[str, ...]
    name_servers: tuple[str, ...]
    domain: str
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How a system is told to be on the network."""

    interfaces: Fact[tuple[Interface, ...]]
    resolver: Fact[Resolver]
    hosts: Fact[tuple[HostName, ...]]
    access: Fact[tuple[AccessRule, ...]]
    firewalls: Fact[tuple[Firewall, ...]]
    leases: Fact[tuple[Lease, ...]]
