"""All facts of one operating system, each by itself: one that fails leaves the others as they are."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from imgkit.facts.architecture import read_architecture
from imgkit.facts.boot import describe_boot
from imgkit.facts.cloud import describe_cloud
from imgkit.facts.containers import describe_containers
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.groups import read_groups, read_subordinate_ids
from imgkit.facts.guest import Guest
from imgkit.facts.identity import read_hostname, read_locale, read_machine_id, read_timezone
from imgkit.facts.isolation import determine
from imgkit.facts.logins import read_logins
from imgkit.facts.logs import describe_logs
from imgkit.facts.mounts import describe_mounts
from imgkit.facts.network import describe_network
from imgkit.facts.os_release import read_operating_system
from imgkit.facts.packages import read_packages
from imgkit.facts.persistence import read_persistence
from imgkit.facts.servers import describe_servers
from imgkit.facts.ssh import read_ssh
from imgkit.facts.sudoers import read_sudoers
from imgkit.facts.users import read_users
from imgkit.facts.walk import prepare_walk
from imgkit.facts.walking import walk_system
from imgkit.model.accounts import Accounts
from imgkit.model.fact import Fact
from imgkit.model.identity import Identity
from imgkit.model.mounts import FstabEntry
from imgkit.model.report import SystemReport
from imgkit.model.storage import Mount
from imgkit.model.subjects import EVERY_SUBJECT, Subject

S = TypeVar("S")


def describe_system(
    guest: Guest,
    *,
    fstab: Fact[tuple[FstabEntry, ...]],
    mounts: Sequence[Mount] = (),
    names: DeviceNames | None = None,
    subjects: AbstractSet[Subject] = EVERY_SUBJECT,
) -> SystemReport:
    """Collect the facts of the system whose files `guest` gives.

    `fstab` was read before, to put the file systems together; `mounts` is what became of its lines.
    `names` is the storage that command lines speak of.
    """

    def asked(subject: Subject, describe: Callable[[Guest], S]) -> S | None:
        return describe(guest) if subject in subjects else None

    if Subject.FILES in subjects:
        prepare_walk(guest)
    return SystemReport(
        root=guest.label,
        identity=asked(Subject.IDENTITY, _identity),
        boot=asked(Subject.BOOT, lambda guest: describe_boot(guest, fstab, names)),
        mounts=asked(Subject.MOUNTS, lambda guest: describe_mounts(guest, fstab, mounts, names)),
        packages=asked(Subject.PACKAGES, read_packages),
        accounts=asked(Subject.ACCOUNTS, _accounts),
        network=asked(Subject.NETWORK, describe_network),
        cloud=asked(Subject.CLOUD, describe_cloud),
        logs=asked(Subject.LOGS, describe_logs),
        containers=asked(Subject.CONTAINERS, describe_containers),
        servers=asked(Subject.SERVERS, describe_servers),
        files=asked(Subject.FILES, walk_system),
        logins=asked(Subject.LOGINS, read_logins),
        ssh=asked(Subject.SSH, read_ssh),
        persistence=asked(Subject.PERSISTENCE, read_persistence),
    )


def _identity(guest: Guest) -> Identity:
    return Identity(
        os=determine(lambda: read_operating_system(guest), guest.room),
        architecture=determine(lambda: read_architecture(guest), guest.room),
        hostname=determine(lambda: read_hostname(guest), guest.room),
        machine_id=determine(lambda: read_machine_id(guest), guest.room),
        timezone=determine(lambda: read_timezone(guest), guest.room),
        locale=determine(lambda: read_locale(guest), guest.room),
    )


def _accounts(guest: Guest) -> Accounts:
    return Accounts(
        users=determine(lambda: read_users(guest), guest.room),
        groups=determine(lambda: read_groups(guest), guest.room),
        subordinate_ids=determine(lambda: read_subordinate_ids(guest), guest.room),
        sudoers=determine(lambda: read_sudoers(guest), guest.room),
    )
