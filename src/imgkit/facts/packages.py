"""All package databases of a system, each a fact of its own."""

from imgkit.facts.apk import read_apk
from imgkit.facts.bundles import read_bundles
from imgkit.facts.dpkg import read_dpkg
from imgkit.facts.guest import Guest
from imgkit.facts.isolation import determine
from imgkit.facts.repositories import read_repositories
from imgkit.facts.rpm import read_rpm
from imgkit.model.packages import PackageDatabases


def read_packages(guest: Guest) -> PackageDatabases:
    """Read every package database that is there; one that cannot be read does not hide the others."""
    return PackageDatabases(
        dpkg=determine(lambda: read_dpkg(guest), guest.room),
        rpm=determine(lambda: read_rpm(guest), guest.room),
        apk=determine(lambda: read_apk(guest), guest.room),
        repositories=determine(lambda: read_repositories(guest), guest.room),
        bundles=determine(lambda: read_bundles(guest), guest.room),
    )
