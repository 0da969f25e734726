"""How the servers of a system are set up."""

from imgkit.facts.databases import read_databases
from imgkit.facts.guest import Guest
from imgkit.facts.isolation import determine
from imgkit.facts.web_servers import read_web_servers
from imgkit.model.server_settings import ServerSettings


def describe_servers(guest: Guest) -> ServerSettings:
    """Collect how web servers and databases are set up."""
    return ServerSettings(
        web=determine(lambda: read_web_servers(guest), guest.room),
        databases=determine(lambda: read_databases(guest), guest.room),
    )
