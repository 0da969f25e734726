from tests.unit.facts.held import held
from tests.unit.facts.ssh_samples import ED25519
from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts.ssh import read_ssh
from imgkit.model.fact import FactState, facts_within


def test_everything_is_collected_and_each_fact_fails_alone():
    found = read_ssh(guest_with({"/etc/ssh/sshd_config": Shut("torn"), "/root/.ssh/authorized_keys": ED25519}))
    assert found.server.state is FactState.UNDETERMINED
    assert len(held(found.authorized_keys)) == 1
    assert [name for name, _ in facts_within(found)] == [
        "authorized_keys", "server", "public_keys", "private_keys", "known_hosts", "clients", "trust",
    ]  # fmt: skip
