from dataclasses import replace

from tests.unit.render.sample_subjects import make_network

from imgkit.model.fact import Fact
from imgkit.render.tables_network import network_tables, network_words

NETWORK = make_network()


def test_every_list_becomes_a_table():
    titles = [title for title, _, _ in network_tables(NETWORK, " of x")]
    assert titles == [
        "INTERFACES of x: 2",
        "NAMES of x",
        "HOSTS of x: 1",
        "RULES OF ACCESS of x: none",
        "FIREWALLS of x: 1",
        "LEASES of x: 1",
    ]
    assert list(network_tables(None, "")) == []


def test_the_summary_tells_addresses_and_name_servers():
    assert network_words(NETWORK) == "eth0 DHCP, e\x1b[1m 10.0.0.2/24; names by 100.100.2.136"
    torn = replace(NETWORK, interfaces=Fact.undetermined("torn"))
    assert network_words(torn) == "could not be determined (torn)"
