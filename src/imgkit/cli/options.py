"""The options that several commands share, each said once, and how their words become nouns."""

import getpass
import re
import socket
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.errors import SettingsError
from imgkit.model.custodian import Custodian
from imgkit.model.disk import Reader
from imgkit.model.engine import Engine
from imgkit.model.formats import DiskFormat
from imgkit.model.profiles import PROFILES
from imgkit.model.role import DiskRole
from imgkit.model.targets import Target
from imgkit.model.unpacked import TarEngine
from imgkit.pipeline.request import Keep
from imgkit.transfer.settings import TransferSettings
from imgkit.units import GiB, KiB, MiB


class TargetFormat(StrEnum):
    """The formats that are written."""

    RAW = "raw"
    VHD = "vhd"
    QCOW2 = "qcow2"
    VDI = "vdi"
    VMDK = "vmdk"


class ConvertFormat(StrEnum):
    """The formats that `convert` makes."""

    RAW = "raw"
    VHD = "vhd"
    QCOW2 = "qcow2"
    VDI = "vdi"
    VMDK = "vmdk"
    E01 = "e01"


# What each hypervisor and cloud takes; the words are those of the table of profiles.
ProfileName = StrEnum("ProfileName", {name: name for name in PROFILES})  # type: ignore[misc]  # a table is no literal

SetProfileName = StrEnum(  # type: ignore[misc]  # a table is no literal
    "SetProfileName", {name: name for name, profile in PROFILES.items() if profile.is_one_image}
)

# The groups of options.
CLOUD = "Cloud"
RECORD = "Record"

Region = Annotated[
    str | None,
    typer.Option("--region", help="Region of the image and the bucket, as cn-hangzhou.", rich_help_panel=CLOUD),
]
Bucket = Annotated[
    str | None, typer.Option("--bucket", help="OSS bucket in the image's region.", rich_help_panel=CLOUD)
]
Profile = Annotated[
    str | None, typer.Option("--profile", help="Credentials profile of Alibaba's CLI.", rich_help_panel=CLOUD)
]
EcsEndpoint = Annotated[
    str | None, typer.Option("--ecs-endpoint", help="Host of ECS, instead of the region's.", rich_help_panel=CLOUD)
]
OssEndpoint = Annotated[
    str | None, typer.Option("--oss-endpoint", help="URL of OSS, instead of the region's.", rich_help_panel=CLOUD)
]
EngineChoice = Annotated[
    Engine | None,
    typer.Option(
        "--engine",
        help="Who reads the disks: imgkit itself, libguestfs' virtual machine, imgkit with libguestfs where that "
        "changes the answer (auto), or both and compared.",
    ),
]
KeyFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--key-file",
        metavar="[PLACE=]FILE",
        help="A file with the passphrase or key of an encrypted volume: of the one at PLACE (system:2, xvdb, "
        "/dev/VG/LV), else tried on all.",
    ),
]
Cname = Annotated[
    bool, typer.Option("--cname", help="The OSS endpoint is a domain bound to the bucket.", rich_help_panel=CLOUD)
]
Internal = Annotated[
    bool, typer.Option("--internal", help="Use the region's internal endpoint of OSS.", rich_help_panel=CLOUD)
]
Accelerate = Annotated[
    bool, typer.Option("--accelerate", help="Use OSS's transfer acceleration endpoint.", rich_help_panel=CLOUD)
]
RequesterPays = Annotated[
    bool,
    typer.Option(
        "--requester-pays",
        help="Pay for requests and traffic of a bucket whose owner asks for it.",
        rich_help_panel=CLOUD,
    ),
]
Formats = Annotated[
    list[TargetFormat] | None, typer.Option("--to", help="Format of the disk images; can be given several times.")
]
Stated = Annotated[
    DiskFormat | None, typer.Option("--format", help="The image's format, where you know it; else by content.")
]
AllowBacking = Annotated[
    Path | None,
    typer.Option("--allow-backing", metavar="DIR", help="Read overlays too, whose backing files lie in this folder."),
]
Reading = Annotated[
    Reader, typer.Option("--reader", help="Who reads the blocks of an image: imgkit itself, or qemu-nbd.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where the results go.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there (never the archives in objects/).")]
Disks = Annotated[
    list[str] | None,
    typer.Option("--disk", metavar="ROLE=NAME", help="Say which object or archive is which disk, as xvdb=KEY."),
]
Examiner = Annotated[str | None, typer.Option("--examiner", help="Who is at work.", rich_help_panel=RECORD)]
Case = Annotated[str | None, typer.Option("--case", help="The case this belongs to.", rich_help_panel=RECORD)]
Reason = Annotated[str | None, typer.Option("--reason", help="Why this is done.", rich_help_panel=RECORD)]
CustodyFile = Annotated[
    Path | None,
    typer.Option(
        "--custody-file",
        metavar="FILE",
        help="Write the custody line of a set that is only read to this file, and nothing into the set.",
        rich_help_panel=RECORD,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

CLOUD_FLAGS = ("region", "bucket", "profile", "ecs_endpoint", "oss_endpoint", "cname", "internal", "accelerate")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMG])(?:i?B)?)?(?:/s)?", re.IGNORECASE)


def parse_disks(words: Sequence[str] | None) -> dict[DiskRole, str]:
    """Read `xvdb=KEY` words. Raises SettingsError."""
    parsed: dict[DiskRole, str] = {}
    for word in words or ():
        role, found, name = word.partition("=")
        try:
            key = DiskRole.parse(role)
        except ValueError as error:
            raise SettingsError(
                f"--disk {word}: {error}", hint="Write --disk system=NAME or --disk xvdb=NAME."
            ) from error
        if not found or not name or key in parsed:
            raise SettingsError(f"--disk {word} names no object, or the disk twice", hint="Write --disk xvdb=NAME.")
        parsed[key] = name
    return parsed


def custodian(*, examiner: str | None = None, case: str | None = None, reason: str | None = None) -> Custodian:
    """Return who is at work, as the flags and this machine say."""
    return Custodian(
        user=_user(),
        host=socket.gethostname(),
        examiner=examiner or "",
        case=case or "",
        reason=reason or "",
    )


def given(**flags: Any) -> dict[str, Any]:
    """Return only the flags that were given."""
    return {name: value for name, value in flags.items() if value not in {None, "", False}}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        return ""


class ExportFormat(StrEnum):
    """What the objects of an export shall be."""

    AUTO = "auto"
    RAW = "raw"
    VHD = "vhd"
    QCOW2 = "qcow2"
    VDI = "vdi"
    VMDK = "vmdk"

    @property
    def disk_format(self) -> DiskFormat | None:
        """The format to ask for; None leaves it to imgkit."""
        return None if self is ExportFormat.AUTO else DiskFormat(self.value)


Prefix = Annotated[str, typer.Option("--prefix", help="1 to 30 letters and digits before the objects' names.")]
RoleName = Annotated[
    str | None,
    typer.Option("--role-name", help="Service role that ECS writes with, if not the usual one.", rich_help_panel=CLOUD),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=0, help="Stop waiting for the export after this; it goes on."),
]
Preflight = Annotated[
    bool, typer.Option("--preflight/--no-preflight", help="Check everything before anything is spent.")
]

KeepWords = Annotated[
    str, typer.Option("--keep", help="What stays at the end, of objects, raw and images, with commas between.")
]
Verify = Annotated[
    bool,
    typer.Option("--verify/--no-verify", help="Read converted images back and compare; without, the record says so."),
]
Restore = Annotated[
    bool, typer.Option("--restore", help="Restore objects of Archive classes, and wait; it costs a fee.")
]
Tar = Annotated[
    TarEngine, typer.Option("--tar", help="Who unpacks: GNU tar where it is found, or the built-in reader.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, max=64, help="How many ranges are fetched at once; else the measured speed decides."),
]
PartSize = Annotated[
    int | None, typer.Option("--part-size", metavar="MIB", min=1, max=1024, help="Size of the ranges in MiB.")
]
LimitRate = Annotated[
    str | None,
    typer.Option("--limit-rate", metavar="RATE", help="Most bytes a second for all ranges together, as 500K or 10M."),
]


def formats(words: Sequence[TargetFormat] | None) -> tuple[DiskFormat, ...]:
    """Return the formats in the order given, each once; raw where none is given."""
    return tuple(dict.fromkeys(DiskFormat(word.value) for word in words or (TargetFormat.RAW,)))


def targets(formats: Sequence[ConvertFormat] | None, profiles: Sequence[str] | None) -> tuple[Target, ...]:
    """Return what a disk is to become, in the order given, each once. Raises SettingsError where nothing was said."""
    found = [
        Target(format=DiskFormat.RAW, is_e01=True)
        if word is ConvertFormat.E01
        else Target(format=DiskFormat(word.value))
        for word in formats or ()
    ]
    found += [Target(format=PROFILES[name].format, profile=PROFILES[name]) for name in profiles or ()]
    if not found:
        raise SettingsError("no format is named", hint="Say --to qcow2, or vhd, vdi, vmdk, raw, e01; or --for esxi.")
    return tuple({target.name: target for target in found}.values())


def parse_options(words: Sequence[str] | None) -> dict[str, str]:
    """Read `key=value` words. Raises SettingsError."""
    parsed = {}
    for word in words or ():
        key, found, value = word.partition("=")
        if not found or not key:
            raise SettingsError(f"--option {word} is no KEY=VALUE", hint="As in --option cluster_size=2M.")
        parsed[key] = value
    return parsed


def parse_keep(words: str) -> frozenset[Keep]:
    """Read `objects,images`. Raises SettingsError."""
    try:
        return frozenset(Keep(word.strip()) for word in words.split(",") if word.strip())
    except ValueError as error:
        raise SettingsError(
            f"--keep {words} names something unknown", hint="Choose from objects, raw and images, commas between."
        ) from error


def transfer(*, jobs: int | None, part_size: int | None, limit_rate: str | None = None) -> TransferSettings:
    """Return how objects are fetched; what was not said is left to imgkit. Raises SettingsError."""
    return TransferSettings(
        jobs=jobs,
        part_bytes=None if part_size is None else part_size * MiB,
        bytes_per_second=0 if limit_rate is None else parse_rate(limit_rate),
    )


def parse_rate(words: str) -> int:
    """Read bytes a second as curl and wget take them: `500K`, `1.5M`, `200000`. Raises SettingsError."""
    found = _RATE.fullmatch(words.strip())
    rate = int(float(found[1]) * {"": 1, "K": KiB, "M": MiB, "G": GiB}[(found[2] or "").upper()]) if found else 0
    if rate < KiB:
        raise SettingsError(
            f"--limit-rate {words} is no speed", hint="Write bytes a second, at least 1K: 500K, 1.5M, 20M."
        )
    return rate
