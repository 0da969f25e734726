from tests.unit.facts.tree import Link, Shut, guest_with

from imgkit.facts.network import describe_network, read_access, read_hosts, read_resolver
from imgkit.model.fact import FactState, facts_within
from imgkit.model.network import AccessRule, HostName


def test_the_resolver_is_read():
    text = "# x\nnameserver 100.100.2.136\nnameserver ::1\nsearch a b\noptions timeout:2 attempts:3\n"
    found = read_resolver(guest_with({"/etc/resolv.conf": text})).value
    assert (found.name_servers, found.search, found.options) == (
        ("100.100.2.136", "::1"), ("a", "b"), ("timeout:2", "attempts:3"),
    )  # fmt: skip


def test_a_link_to_what_only_runs_is_said():
    fact = read_resolver(guest_with({"/etc/resolv.conf": Link(b"../run/systemd/resolve/stub-resolv.conf")}))
    assert fact.value.link == b"../run/systemd/resolve/stub-resolv.conf"
    assert "running system" in fact.notes[0]


def test_hosts_and_rules_of_access_are_read():
    files = {
        "/etc/hosts": "127.0.0.1 localhost lo # c\n#x\n10.0.0.1\n100.100.100.200 meta\n",
        "/etc/hosts.deny": "# no\nALL: ALL EXCEPT 10.\n",
    }
    assert read_hosts(guest_with(files)).value == (
        HostName(line=1, address="127.0.0.1", names=("localhost", "lo")),
        HostName(line=4, address="100.100.100.200", names=("meta",)),
    )
    assert read_access(guest_with(files)).value == (
        AccessRule(path=b"/etc/hosts.deny", line=2, allows=False, daemons="ALL", clients="ALL EXCEPT 10."),
    )


def test_hosts_without_end_are_cut_and_say_so():
    fact = read_hosts(guest_with({"/etc/hosts": "1.1.1.1 a\n" * 6000}))
    assert (len(fact.value or ()), fact.notes) == (5000, ("only the first 5000 lines are given",))


def test_each_fact_fails_alone():
    found = describe_network(guest_with({"/etc/hosts": Shut("torn"), "/etc/resolv.conf": "nameserver 1.1.1.1\n"}))
    assert found.hosts.state is FactState.UNDETERMINED
    assert found.resolver.value.name_servers == ("1.1.1.1",)


def test_nothing_there_is_absent():
    assert {fact.state for _, fact in facts_within(describe_network(guest_with({})))} == {FactState.ABSENT}
