"""Addresses that DHCP servers gave: dhclient's, NetworkManager's and networkd's files of leases."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_text, moment
from imgkit.model.fact import Fact
from imgkit.model.network import Lease
from imgkit.units import MiB

_FOLDERS = (
    b"/var/lib/dhcp", b"/var/lib/dhclient", b"/var/lib/dhcpcd", b"/var/lib/NetworkManager",
    b"/run/systemd/netif/leases", b"/var/lib/systemd/network",
)  # fmt: skip
_FILE_BYTES = MiB
_MOST_LEASES = 500
_MOST_ADDRESSES = 100
_ALL_BYTES = 8 * MiB
_WHEN = re.compile(r"(?:\d )?(\d{4})/(\d{1,2})/(\d{1,2}) (\d{1,2}):(\d{2}):(\d{2})")
_EPOCH = re.compile(r"epoch (\d{1,12})")


def read_leases(guest: Guest) -> Fact[tuple[Lease, ...]]:
    """List leases, the newest of each file last as its client writes them."""
    gathering = Gathering(guest, most_bytes=_ALL_BYTES)
    found: deque[Lease] = deque(maxlen=_MOST_LEASES)
    count = 0
    for folder in _FOLDERS:
        for one in gathering.names(folder):
            if b"lease" not in one.path:
                continue
            content = gathering.read(one.path, limit=_FILE_BYTES)
            if content is not None:
                for lease in parse_dhclient(content) if b"lease {" in content.data else parse_settings_lease(content):
                    found.append(lease)
                    count += 1
    if count > _MOST_LEASES:
        gathering.lack(f"only the last {_MOST_LEASES} of {count} are given")
    return gathering.fact(tuple(found), nothing="there are no files of leases")


def parse_dhclient(content: Content) -> Iterator[Lease]:
    """Read dhclient.leases(5): blocks of statements that end in semicolons."""
    block: dict[str, str] | None = None
    for _, line in content.lines():
        if line.startswith("lease") and line.endswith("{"):
            block = {}
        elif line.startswith("}") and block is not None:
            yield _lease(content, block, when=_dhclient_time(block.get("expire", "")))
            block = None
        elif block is not None:
            name, _, value = line.removeprefix("option ").rstrip(";").partition(" ")
            block[name] = value.strip().strip('"')


def parse_settings_lease(content: Content) -> Iterator[Lease]:
    """Read NAME=value lines, as networkd and NetworkManager keep them."""
    block: dict[str, str] = {}
    for _, line in content.lines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            block[name.strip().lower().replace("_", "-")] = value.strip()
    renamed = {
        "fixed-address": block.get("address", ""),
        "dhcp-server-identifier": block.get("server-address", ""),
        "routers": block.get("router", ""),
        "domain-name-servers": block.get("dns", block.get("domain-name-servers", "")),
        "domain-name": block.get("domainname", ""),
        "interface": as_text(content.source.path.rpartition(b"/")[2]),
    }
    if renamed["fixed-address"]:
        expiry = block.get("expiry", "")
        yield _lease(content, renamed, when=moment(int(expiry)) if expiry.isdecimal() and len(expiry) < 12 else None)


def _lease(content: Content, block: dict[str, str], *, when: datetime | None) -> Lease:
    return Lease(
        path=content.source.path,
        interface=block.get("interface", ""),
        address=block.get("fixed-address", ""),
        server=block.get("dhcp-server-identifier", ""),
        routers=_list(block.get("routers", "")),
        name_servers=_list(block.get("domain-name-servers", "")),
        domain=block.get("domain-name", ""),
        expires=when,
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split(None, _MOST_ADDRESSES)[:_MOST_ADDRESSES])


def _dhclient_time(text: str) -> datetime | None:
    """`2 2024/02/27 12:00:00`, in UTC, after the day of the week; or `epoch SECONDS`."""
    if match := _EPOCH.match(text):
        return moment(int(match[1]))
    match = _WHEN.match(text)
    if match is None:
        return None
    try:
        return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]  # six numbers
    except ValueError:
        return None
