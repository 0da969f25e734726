"""All facts of one operating system, each by itself: one that fails leaves the others as they are."""

from collections.abc import Sequence

from imgkit.facts.architecture import read_architecture
from imgkit.facts.guest import Guest
from imgkit.facts.identity import read_hostname, read_locale, read_machine_id, read_timezone
from imgkit.facts.isolation import determine
from imgkit.facts.kernels import read_kernels
from imgkit.facts.os_release import read_operating_system
from imgkit.facts.packages import read_packages
from imgkit.facts.users import read_groups, read_users
from imgkit.model.report import Fact, FstabEntry, SystemReport
from imgkit.model.storage import Mount


def describe_system(guest: Guest, *, fstab: Fact[tuple[FstabEntry, ...]], mounts: Sequence[Mount] = ()) -> SystemReport:
    """Collect the facts of the system whose files `guest` gives.

    `fstab` was read before, to put the file systems together; `mounts` is what became of its lines.
    """
    return SystemReport(
        root=guest.label,
        os=determine(lambda: read_operating_system(guest)),
        architecture=determine(lambda: read_architecture(guest)),
        hostname=determine(lambda: read_hostname(guest)),
        machine_id=determine(lambda: read_machine_id(guest)),
        timezone=determine(lambda: read_timezone(guest)),
        locale=determine(lambda: read_locale(guest)),
        kernels=determine(lambda: read_kernels(guest)),
        fstab=fstab,
        mounts=tuple(mounts),
        packages=read_packages(guest),
        users=determine(lambda: read_users(guest)),
        groups=determine(lambda: read_groups(guest)),
    )
