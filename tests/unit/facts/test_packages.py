from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts.packages import read_packages
from imgkit.model.fact import FactState


def test_one_database_that_cannot_be_read_does_not_hide_the_others():
    files = {"/var/lib/dpkg/status": Shut("bad sector"), "/lib/apk/db/installed": "P:musl\nV:1\n"}
    found = read_packages(guest_with(files))
    assert (found.dpkg.state, found.rpm.state, found.apk.state) == (
        FactState.UNDETERMINED,
        FactState.ABSENT,
        FactState.PRESENT,
    )
    assert "bad sector" in found.dpkg.reason
