"""`imgkit demo`: the whole road on this machine, against a loopback cloud with a small real machine's disks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgkit.model.checking import CheckResult
from imgkit.model.custodian import Custodian
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import Source, SourceKind
from imgkit.pipeline.fetching import FetchResult, fetch
from imgkit.pipeline.request import FetchRequest
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.samples.demo_disks import make_demo_disks
from imgkit.services import Services
from imgkit.settings import Folders, Settings
from imgkit.simulator.simulator import Simulator
from imgkit.stages.export import Waiting
from imgkit.stages.verify import check_set
from imgkit.tools.guestfs_appliance import ApplianceSettings

IMAGE_ID = "m-2zedemo0000000000001"
PREFIX = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What the demo left: the set, how fetching it went, and what checking it gave."""

    result: FetchResult
    check: CheckResult


def demonstrate(
    folder: Path,
    folders: Folders,
    waiting: Waiting,
    *,
    formats: tuple[DiskFormat, ...],
    say: Callable[[str], None],
    progress: Progress = NULL_PROGRESS,
) -> Demonstration:
    """Make the disks, run the cloud, fetch, check. Run again in the same folder, it goes on where it was."""
    cloud = folder / "cloud"
    disks = cloud / "images" / IMAGE_ID
    if not all((disks / f"{name}.raw").exists() for name in ("system", "xvdb", "xvdc")):
        say("making a small Linux machine: a system disk, and the data disks xvdb (XFS) and xvdc (LVM)")
        _make_missing(disks, folders)
    with Simulator(cloud) as simulator:
        told = simulator.describe()
        say(f"a loopback ECS and OSS run on {told['ecs_endpoint']}; fetching {IMAGE_ID} from them")
        services = _services(told, folders)
        source = Source(
            kind=SourceKind.IMAGE,
            region_id=services.region,
            image_id=IMAGE_ID,
            bucket=services.require_bucket(),
            prefix=PREFIX,
        )
        request = FetchRequest(source=source, folder=folder / IMAGE_ID, formats=formats, reuse=True)
        who = Custodian(examiner="imgkit demo", reason="demonstration")
        result = fetch(services, request, waiting, custodian=who, say=say, progress=progress)
    say("checking everything again, as `imgkit check` does")
    return Demonstration(result=result, check=check_set(request.folder, progress=progress))


def _make_missing(disks: Path, folders: Folders) -> None:
    for each in ("system", "xvdb", "xvdc"):  # an interrupted demo begins its disks anew
        (disks / f"{each}.raw").unlink(missing_ok=True)
    make_demo_disks(disks, settings=ApplianceSettings(state_folder=folders.state))


def _services(told: dict[str, str], folders: Folders) -> Services:
    settings = Settings(
        region=told["region_id"],
        bucket=told["bucket"],
        ecs_endpoint=told["ecs_endpoint"],
        oss_endpoint=told["oss_endpoint"],
    )
    keys = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": told["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": told["access_key_secret"],
    }
    return Services(settings=settings, folders=folders, environment=keys)
