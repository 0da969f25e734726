"""All facts about SSH, each by itself."""

from imgkit.facts.authorized_keys import read_authorized_keys
from imgkit.facts.guest import Guest
from imgkit.facts.isolation import determine
from imgkit.facts.ssh_files import (
    read_known_hosts,
    read_private_keys,
    read_public_keys,
    read_ssh_clients,
    read_ssh_trust,
)
from imgkit.facts.sshd_config import read_sshd_config
from imgkit.model.ssh import Ssh


def read_ssh(guest: Guest) -> Ssh:
    """Collect what lets somebody in by SSH, and where somebody could go from here."""
    return Ssh(
        authorized_keys=determine(lambda: read_authorized_keys(guest), guest.room),
        server=determine(lambda: read_sshd_config(guest), guest.room),
        public_keys=determine(lambda: read_public_keys(guest), guest.room),
        private_keys=determine(lambda: read_private_keys(guest), guest.room),
        known_hosts=determine(lambda: read_known_hosts(guest), guest.room),
        clients=determine(lambda: read_ssh_clients(guest), guest.room),
        trust=determine(lambda: read_ssh_trust(guest), guest.room),
    )
