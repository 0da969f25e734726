"""The facts of a system's network: interfaces, names, rules of access, firewalls, leases."""

from collections.abc import Iterator
from itertools import islice

from imgkit.facts.bounded import at_most
from imgkit.facts.firewalls import read_firewalls
from imgkit.facts.guest import Content, Guest, first_word
from imgkit.facts.interfaces import read_interfaces
from imgkit.facts.isolation import determine
from imgkit.facts.leases import read_leases
from imgkit.model.fact import Fact, Source
from imgkit.model.network import AccessRule, HostName, Network, Resolver
from imgkit.units import MiB

_ACCESS = ((b"/etc/hosts.allow", True), (b"/etc/hosts.deny", False))
_MOST_HOSTS = 5000
_MOST_WORDS = 100
_FILE_BYTES = MiB
_MOST_LINES = 10_000


def describe_network(guest: Guest) -> Network:
    """Collect the facts of a system's network."""
    return Network(
        interfaces=determine(lambda: read_interfaces(guest), guest.room),
        resolver=determine(lambda: read_resolver(guest), guest.room),
        hosts=determine(lambda: read_hosts(guest), guest.room),
        access=determine(lambda: read_access(guest), guest.room),
        firewalls=determine(lambda: read_firewalls(guest), guest.room),
        leases=determine(lambda: read_leases(guest), guest.room),
    )


def read_resolver(guest: Guest) -> Fact[Resolver]:
    """Read resolv.conf; a link into /run leads nowhere while the machine is off, and says so."""
    link = guest.link_target(b"/etc/resolv.conf") or b""
    content = guest.read_first(b"/etc/resolv.conf", limit=_FILE_BYTES)
    if content is None:
        if not link:
            return Fact.absent("there is no /etc/resolv.conf")
        note = "/etc/resolv.conf is a link to a file that only a running system has"
        return Fact.present(Resolver(name_servers=(), search=(), options=(), link=link), notes=(note,), sources=())
    lines = [first_word(line) for _, line in islice(content.lines(), _MOST_LINES)]
    search = [rest.split() for name, rest in lines if name in {"search", "domain"}]
    found = Resolver(
        name_servers=tuple(first_word(rest)[0] for name, rest in lines if name == "nameserver")[:_MOST_WORDS],
        search=tuple(search[-1][:_MOST_WORDS]) if search else (),
        options=tuple(word for name, rest in lines if name == "options" for word in rest.split())[:_MOST_WORDS],
        link=link,
    )
    return Fact.present(found, sources=(content.source,))


def read_hosts(guest: Guest) -> Fact[tuple[HostName, ...]]:
    """Read /etc/hosts."""
    content = guest.read_first(b"/etc/hosts", limit=2 * _FILE_BYTES)
    if content is None:
        return Fact.absent("there is no /etc/hosts")
    found, more = at_most(_host_lines(content), _MOST_HOSTS)
    over = (f"only the first {_MOST_HOSTS} lines are given",) if more else ()
    return Fact.present(tuple(found), notes=over, sources=(content.source,))


def read_access(guest: Guest) -> Fact[tuple[AccessRule, ...]]:
    """Read the rules of TCP wrappers."""
    found: list[AccessRule] = []
    sources: list[Source] = []
    for path, allows in _ACCESS:
        content = guest.read_first(path, limit=_FILE_BYTES)
        if content is None:
            continue
        sources.append(content.source)
        for number, line in content.lines():
            daemons, colon, clients = line.partition(":")
            if colon and not line.startswith("#") and len(found) < _MOST_HOSTS:
                clients = guest.quote(clients.strip())
                found.append(
                    AccessRule(path=path, line=number, allows=allows, daemons=daemons.strip(), clients=clients)
                )
    if not sources:
        return Fact.absent("there is neither hosts.allow nor hosts.deny")
    return Fact.present(tuple(found), sources=tuple(sources))


def _host_lines(content: Content) -> Iterator[HostName]:
    for number, line in content.lines():
        words = line.partition("#")[0].split()
        if len(words) > 1:
            yield HostName(line=number, address=words[0], names=tuple(words[1 : 1 + _MOST_WORDS]))
