"""All facts about what starts by itself, each by itself."""

from imgkit.facts.at_jobs import read_at_jobs
from imgkit.facts.autostart import read_autostart
from imgkit.facts.cron import read_cron
from imgkit.facts.guest import Guest
from imgkit.facts.init_scripts import read_init_scripts
from imgkit.facts.isolation import determine
from imgkit.facts.kernel_modules import read_kernel_modules
from imgkit.facts.loader import read_loader
from imgkit.facts.package_hooks import read_package_hooks
from imgkit.facts.pam import read_pam
from imgkit.facts.startup_files import read_startup_files
from imgkit.facts.udev_rules import read_udev_rules
from imgkit.facts.units import read_units
from imgkit.model.persistence import Persistence


def read_persistence(guest: Guest) -> Persistence:
    """Collect the places where software stays through a restart."""
    return Persistence(
        cron=determine(lambda: read_cron(guest), guest.room),
        at=determine(lambda: read_at_jobs(guest), guest.room),
        units=determine(lambda: read_units(guest), guest.room),
        init=determine(lambda: read_init_scripts(guest), guest.room),
        files=determine(lambda: read_startup_files(guest), guest.room),
        loader=determine(lambda: read_loader(guest), guest.room),
        pam=determine(lambda: read_pam(guest), guest.room),
        kernel_modules=determine(lambda: read_kernel_modules(guest), guest.room),
        udev=determine(lambda: read_udev_rules(guest), guest.room),
        package_hooks=determine(lambda: read_package_hooks(guest), guest.room),
        autostart=determine(lambda: read_autostart(guest), guest.room),
    )
