"""All facts of one operating system, each by itself: one that fails leaves the others as they are."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from imgkit.facts.architecture import read_architecture
from imgkit.facts.guest import Guest
from imgkit.facts.identity import read_hostname, read_locale, read_machine_id, read_timezone
from imgkit.facts.isolation import determine
from imgkit.facts.kernels import read_kernels
from imgkit.facts.os_release import read_operating_system
from imgkit.facts.packages import read_packages
from imgkit.facts.users import read_groups, read_users
from imgkit.model.accounts import Accounts
from imgkit.model.boot import Boot
from imgkit.model.fact import Fact
from imgkit.model.identity import Identity
from imgkit.model.mounts import FstabEntry, Mounts
from imgkit.model.report import SystemReport
from imgkit.model.storage import Mount
from imgkit.model.subjects import EVERY_SUBJECT, Subject

S = TypeVar("S")


def describe_system(
    guest: Guest,
    *,
    fstab: Fact[tuple[FstabEntry, ...]],
    mounts: Sequence[Mount] = (),
    subjects: AbstractSet[Subject] = EVERY_SUBJECT,
) -> SystemReport:
    """Collect the facts of the system whose files `guest` gives.

    `fstab` was read before, to put the file systems together; `mounts` is what became of its lines.
    """

    def asked(subject: Subject, describe: Callable[[Guest], S]) -> S | None:
        return describe(guest) if subject in subjects else None

    return SystemReport(
        root=guest.label,
        identity=asked(Subject.IDENTITY, _identity),
        boot=asked(Subject.BOOT, _boot),
        mounts=asked(Subject.MOUNTS, lambda _: Mounts(fstab=fstab, mounted=tuple(mounts))),
        packages=asked(Subject.PACKAGES, read_packages),
        accounts=asked(Subject.ACCOUNTS, _accounts),
    )


def _identity(guest: Guest) -> Identity:
    return Identity(
        os=determine(lambda: read_operating_system(guest)),
        architecture=determine(lambda: read_architecture(guest)),
        hostname=determine(lambda: read_hostname(guest)),
        machine_id=determine(lambda: read_machine_id(guest)),
        timezone=determine(lambda: read_timezone(guest)),
        locale=determine(lambda: read_locale(guest)),
    )


def _boot(guest: Guest) -> Boot:
    return Boot(kernels=determine(lambda: read_kernels(guest)))


def _accounts(guest: Guest) -> Accounts:
    return Accounts(users=determine(lambda: read_users(guest)), groups=determine(lambda: read_groups(guest)))
