import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Nodes, Shut, guest_with

from imgkit.facts.interfaces import read_interfaces
from imgkit.model.fact import FactState
from imgkit.model.network import Interface, NetworkKind

IFCFG = """DEVICE="eth0"
BOOTPROTO=none
ONBOOT=no
IPADDR=10.0.0.2
PREFIX=24
IPADDR1=10.0.0.3
NETMASK1=255.0.0.0
GATEWAY=10.0.0.1
DNS2=8.8.8.8
DNS1=1.1.1.1
HWADDR=00:16:3e:00:00:01
"""
INTERFACES = """source /etc/network/interfaces.d/*
auto lo eth0
iface lo inet loopback
iface eth0 inet static
    address 10.0.0.2
    netmask 255.255.255.0
    gateway 10.0.0.1
    dns-nameservers 1.1.1.1 8.8.8.8
    up ip route add 10.9.0.0/16 via 10.0.0.9
iface eth1 inet dhcp
iface wlan0 inet dhcp
    wpa-psk secret
"""
NETPLAN = """network:
  version: 2
  ethernets:
    nic0:
      match: {macaddress: "00:16:3e:00:00:01"}
      set-name: eth0
      dhcp4: true
      dhcp6: no
      addresses: [10.0.0.2/24, "10.0.0.3/24": {label: x}]
      nameservers: {addresses: [1.1.1.1]}
      routes:
      - to: default
        via: 10.0.0.1
  wifis:
    wlan0: {access-points: {home: {password: secret}}}
"""
KEYFILE = """[connection]
id=Wired
interface-name=ens3
autoconnect=false
[ethernet]
mac-address=00:16:3E:00:00:02
[802-1x]
password=secret
[ipv4]
method=manual
address1=10.0.0.2/24,10.0.0.1
dns=1.1.1.1;8.8.8.8;
route1=10.9.0.0/16,10.0.0.9
[ipv6]
method=auto
"""
NETWORKD = """[Match]
Name=en* eth*
[Network]
DHCP=ipv4
DNS=1.1.1.1
DNS=8.8.8.8
Address=10.0.0.2/24
[Route]
Gateway=10.0.0.1
"""
CLOUD = """network:
  version: 1
  config:
  - type: physical
    name: eth0
    mac_address: 00:16:3e:00:00:03
    subnets:
    - type: dhcp
    - {type: static, address: 10.0.0.2/24, gateway: 10.0.0.1, dns_nameservers: [1.1.1.1]}
  - type: nameserver
    address: [8.8.8.8]
"""


def one(path: str, text: str) -> Interface:
    found = read_interfaces(guest_with({path: text})).value
    assert found is not None
    assert len(found) == 1
    return found[0]


def test_ifcfg():
    found = one("/etc/sysconfig/network-scripts/ifcfg-eth0", IFCFG)
    assert (found.name, found.dhcp4, found.at_boot, found.gateways) == ("eth0", False, False, ("10.0.0.1",))
    assert found.addresses == ("10.0.0.2/24", "10.0.0.3/255.0.0.0")
    assert (found.name_servers, found.hardware_address) == (("1.1.1.1", "8.8.8.8"), "00:16:3e:00:00:01")


def test_interfaces():
    eth0, eth1 = read_interfaces(guest_with({"/etc/network/interfaces": INTERFACES})).value or ()
    assert (eth0.name, eth0.dhcp4, eth0.at_boot, eth0.addresses) == ("eth0", False, True, ("10.0.0.2/255.255.255.0",))
    assert (eth0.gateways, eth0.name_servers) == (("10.0.0.1",), ("1.1.1.1", "8.8.8.8"))
    assert eth0.routes == ("ip route add 10.9.0.0/16 via 10.0.0.9",)
    assert (eth1.name, eth1.dhcp4, eth1.at_boot) == ("eth1", True, False)


def test_netplan():
    found = one("/etc/netplan/50-cloud-init.yaml", NETPLAN)
    assert (found.name, found.dhcp4, found.dhcp6, found.hardware_address) == ("eth0", True, False, "00:16:3e:00:00:01")
    assert (found.addresses, found.gateways) == (("10.0.0.2/24", "10.0.0.3/24"), ("10.0.0.1",))
    assert found.name_servers == ("1.1.1.1",)


def test_networkmanager():
    found = one("/etc/NetworkManager/system-connections/Wired.nmconnection", KEYFILE)
    assert (found.name, found.dhcp4, found.dhcp6, found.at_boot) == ("ens3", False, True, False)
    assert (found.addresses, found.gateways, found.routes) == (
        ("10.0.0.2/24",), ("10.0.0.1",), ("10.9.0.0/16,10.0.0.9",),
    )  # fmt: skip
    assert (found.name_servers, found.hardware_address) == (("1.1.1.1", "8.8.8.8"), "00:16:3E:00:00:02")
    assert "secret" not in repr(found)


def test_networkd():
    found = one("/etc/systemd/network/10-eth.network", NETWORKD)
    assert (found.name, found.dhcp4, found.dhcp6) == ("en* eth*", True, False)
    assert (found.name_servers, found.addresses) == (("1.1.1.1", "8.8.8.8"), ("10.0.0.2/24",))
    assert found.routes == ("default via 10.0.0.1",)


def test_cloud_init_of_the_first_version():
    found = one("/etc/cloud/cloud.cfg.d/50-network.cfg", CLOUD)
    assert (found.kind, found.name, found.dhcp4) == (NetworkKind.CLOUD_INIT, "eth0", True)
    assert (found.addresses, found.gateways) == (("10.0.0.2/24",), ("10.0.0.1",))
    assert read_interfaces(guest_with({"/etc/cloud/cloud.cfg.d/x.cfg": "network: {config: disabled}\n"})).value == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/NetworkManager/system-connections/home", "[connection]\ntype=wifi\n[wifi-security]\npsk=secret\n"),
        ("/etc/systemd/network/w.network", "[Match]\nType=wlan\n"),
        ("/etc/sysconfig/network-scripts/ifcfg-home", "TYPE=Wireless\nESSID=x\n"),
    ],
)
def test_networks_without_wires_are_left_out(path, text):
    assert read_interfaces(guest_with({path: text})).value == ()


def test_one_file_that_cannot_be_read_leaves_the_others():
    files: Nodes = {"/etc/netplan/a.yaml": "a: [", "/etc/netplan/b.yaml": NETPLAN, "/etc/netplan/c.yaml": Shut("torn")}
    fact = read_interfaces(guest_with(files))
    assert (len(fact.value or ()), fact.partial, len(fact.notes)) == (1, True, 2)
    assert read_interfaces(guest_with({})).state is FactState.ABSENT


@pytest.mark.parametrize(
    "path",
    [
        "/etc/network/interfaces",
        "/etc/sysconfig/network-scripts/ifcfg-x",
        "/etc/netplan/x.yaml",
        "/etc/NetworkManager/system-connections/x",
        "/etc/systemd/network/x.network",
    ],
)
@given(
    st.lists(
        st.sampled_from(
            [
                "iface ",
                "eth0 ",
                "network: ",
                "ethernets: ",
                "config:\n",
                "- ",
                "[ipv4]\n",
                "address=",
                "IPADDR",
                "=",
                "\n",
                "  ",
                "x",
                ":",
                "{",
                "}",
                "[",
                "]",
                "\x00",
                "ü",
            ]
        )
    )
)
def test_any_text_is_borne(path, parts):
    read_interfaces(guest_with({path: "".join(parts)}))
