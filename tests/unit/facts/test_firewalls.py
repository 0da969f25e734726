import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Nodes, guest_with

from imgkit.facts.firewalls import read_firewalls
from imgkit.model.fact import FactState
from imgkit.model.network import Firewall, FirewallKind

SAVED = "*filter\n:INPUT DROP [0:0]\n:own - [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A own -j DROP\nCOMMIT\n"
NFT = """table inet f {
 chain in {
  type filter hook input priority 0; policy drop;
  tcp dport 22 accept
 # drop
 }
}
"""
ZONE = """<zone target="DROP"><short>P</short><service name="ssh"/>
<rule family="ipv4"><source address="1.2.3.4"/><accept/></rule></zone>
"""


def read(files: Nodes) -> tuple[Firewall, ...]:
    found = read_firewalls(guest_with(files)).value
    assert found is not None
    return found


def test_saved_rules_of_iptables():
    (found,) = read({"/etc/sysconfig/iptables": SAVED})
    assert (found.kind, found.policies, found.rules_total, found.enabled) == (
        FirewallKind.IPTABLES, ("filter INPUT DROP",), 2, None,
    )  # fmt: skip
    assert found.rules[0] == "filter -A INPUT -p tcp --dport 22 -j ACCEPT"


def test_nftables():
    (found,) = read({"/etc/nftables.conf": NFT})
    assert (found.policies, found.rules) == (("input drop",), ("tcp dport 22 accept",))


def test_zones_of_firewalld():
    (found,) = read({"/etc/firewalld/zones/public.xml": ZONE})
    assert found.policies == ("zone public DROP (the default zone)",)
    assert found.rules == ("service name=ssh", "rule family=ipv4 source(address=1.2.3.4) accept()")


def test_ufw_says_whether_it_is_on():
    (found,) = read({"/etc/ufw/ufw.conf": "ENABLED=no\n", "/etc/ufw/user.rules": SAVED})
    assert (found.kind, found.enabled) == (FirewallKind.UFW, False)


@pytest.mark.parametrize("zone", ["<zone", '<!DOCTYPE z [<!ENTITY a "b">]><zone>&a;</zone>', "<a>" * 50_000])
def test_a_zone_that_cannot_or_must_not_be_read_is_said(zone):
    fact = read_firewalls(guest_with({"/etc/firewalld/zones/x.xml": zone}))
    assert (fact.value, fact.partial) == ((), True)


def test_none_is_absent():
    assert read_firewalls(guest_with({})).state is FactState.ABSENT


def test_many_rules_are_counted_and_cut():
    (found,) = read({"/etc/iptables/rules.v4": "-A INPUT -j DROP\n" * 1000})
    assert (found.rules_total, len(found.rules)) == (1000, 100)


@pytest.mark.parametrize("path", ["/etc/sysconfig/iptables", "/etc/nftables.conf", "/etc/firewalld/zones/x.xml"])
@given(st.text(alphabet="*:-A type hook input policy drop<>/zone=\"'&;\n\x00ü", max_size=80))
def test_any_text_is_borne(path, text):
    read({path: text})
