from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import guest_with

from imgkit.facts.leases import read_leases
from imgkit.model.fact import FactState

DHCLIENT = """lease {
  interface "eth0";
  fixed-address 172.16.0.5;
  option routers 172.16.0.253;
  option domain-name-servers 100.100.2.136,100.100.2.138;
  option dhcp-server-identifier 172.16.0.253;
  expire 2 2026/11/24 12:30:00;
}
lease {
  fixed-address 172.16.0.6;
  expire epoch 1764000000; # x
}
"""
NETWORKD = "# private\nADDRESS=10.0.0.5\nROUTER=10.0.0.1\nSERVER_ADDRESS=10.0.0.2\nDNS=1.1.1.1 8.8.8.8\n"


def test_leases_of_dhclient():
    first, second = read_leases(guest_with({"/var/lib/dhcp/dhclient.eth0.leases": DHCLIENT})).value or ()
    assert (first.interface, first.address, first.server, first.routers) == (
        "eth0", "172.16.0.5", "172.16.0.253", ("172.16.0.253",),
    )  # fmt: skip
    assert first.name_servers == ("100.100.2.136", "100.100.2.138")
    assert first.expires == datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    assert second.expires == datetime(2025, 11, 24, 16, 0, tzinfo=UTC)


def test_leases_of_networkd():
    (found,) = read_leases(guest_with({"/run/systemd/netif/leases/2": NETWORKD})).value or ()
    assert (found.interface, found.address, found.server, found.name_servers) == (
        "2", "10.0.0.5", "10.0.0.2", ("1.1.1.1", "8.8.8.8"),
    )  # fmt: skip


def test_none_is_absent():
    assert read_leases(guest_with({"/var/lib/dhcp/other": b""})).state is FactState.ABSENT


@given(st.text(alphabet="lease {}\n;expire 2026/13/99:", max_size=200))
def test_any_text_is_borne(text):
    read_leases(guest_with({"/var/lib/dhcp/x.leases": text, "/run/systemd/netif/leases/1": text}))
