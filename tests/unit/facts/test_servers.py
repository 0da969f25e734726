from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts.servers import describe_servers
from imgkit.model.fact import FactState


def test_one_that_cannot_be_read_leaves_the_other():
    found = describe_servers(guest_with({"/etc/redis.conf": Shut("torn"), "/etc/php.ini": "[PHP]\n"}))
    assert found.databases.state is FactState.UNDETERMINED
    assert len(found.web.value or ()) == 1
