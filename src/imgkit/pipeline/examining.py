"""What `imgkit doctor` looks at; each look is a finding, and none of them stops the others."""

from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import metadata
from itertools import islice
from pathlib import Path

from imgkit.errors import ImgkitError, SettingsError
from imgkit.files.abilities import probe_folder
from imgkit.model.image import ImageQuery
from imgkit.model.preflight import Finding, Severity, refuse
from imgkit.process import find_program
from imgkit.services import Services
from imgkit.tools import gnu_tar, minisign, qemu_program, ssh_keygen
from imgkit.tools.guestfs_appliance import ApplianceSettings
from imgkit.tools.guestfs_examination import examine_guestfs
from imgkit.tools.versions import version_of
from imgkit.units import describe_bytes

_CLOCK_WARNING_SECONDS = 60
_CLOCK_LIMIT_SECONDS = 15 * 60  # beyond this OSS answers RequestTimeTooSkewed


def examine_machine(services: Services, folder: Path) -> tuple[Finding, ...]:
    """Look at this machine: the package itself, programs, libguestfs, and the folder's file system."""
    return (
        *_package(),
        _look("qemu-img", lambda: qemu_program.version_of(qemu_program.require("qemu-img"))),
        _look("qemu-nbd", lambda: qemu_program.version_of(qemu_program.require("qemu-nbd"))),
        _tar(),
        _optional("ssh-keygen", ssh_keygen.PACKAGE, "SSH signatures are neither made nor verified"),
        _optional("minisign", minisign.PACKAGE, "its signatures are neither made nor verified"),
        *_guestfs(services),
        *_folder(folder),
    )


def examine_cloud(services: Services, now: Callable[[], datetime]) -> tuple[Finding, ...]:
    """Look at the cloud: credentials, what they may do in ECS and OSS, the endpoint, and the clock."""
    known = _look("credentials", lambda: _describe_keys(services))
    if known.severity is Severity.REFUSAL:
        return (known,)
    return (known, *_ecs(services), *(_oss(services, now) if services.settings.bucket else ()))


def _look(rule: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(rule=rule, severity=Severity.HELD, words=f"{rule}: {look()}")
    except ImgkitError as error:
        return refuse(error, rule=rule)


def _package() -> Iterator[Finding]:
    """On PyPI `imgkit` is another project, whose files overwrite ours; ours is `imgkit-ecs`."""
    try:
        other = metadata.version("imgkit")
    except metadata.PackageNotFoundError:
        yield Finding(rule="package", severity=Severity.HELD, words="no other package named imgkit is installed")
        return
    error = SettingsError(
        f"the package imgkit {other} is installed too: it is another project (an HTML renderer), with files of ours",
        hint="Remove both, then install ours alone: pip uninstall imgkit imgkit-ecs, and install again.",
    )
    yield refuse(error, rule="package")


def _tar() -> Finding:
    found = gnu_tar.find_gnu_tar()
    if found is None:
        words = "GNU tar: not found; the built-in reader unpacks, with the same result"
        return Finding(rule="GNU tar", severity=Severity.NOTE, words=words)
    return Finding(rule="GNU tar", severity=Severity.HELD, words=f"GNU tar: {found.version}")


def _optional(name: str, package: str, without: str) -> Finding:
    """Programs for what not everybody does: signing a set, and verifying who signed one."""
    path = find_program(name)
    if path is None:
        words = f"{name}: not found; {without}"
        return Finding(rule=name, severity=Severity.NOTE, words=words, remedy=f"Install it ({package}).")
    return Finding(rule=name, severity=Severity.HELD, words=f"{name}: {version_of(path)}")


def _guestfs(services: Services) -> Iterator[Finding]:
    chosen = services.settings.guestfs_python
    settings = ApplianceSettings(interpreter=Path(chosen) if chosen else None, state_folder=services.folders.state)
    yield from examine_guestfs(settings)


def _folder(folder: Path) -> Iterator[Finding]:
    try:
        found = probe_folder(folder)
    except ImgkitError as error:
        yield refuse(error, rule="disk")
        return
    words = (
        f"disk: {describe_bytes(found.free_bytes)} free in {found.folder}, "
        f"{'holds holes' if found.holds_holes else 'no holes'}, "
        f"files of {describe_bytes(found.largest_file_bytes)} at least"
    )
    yield Finding(rule="disk", severity=Severity.HELD if found.holds_holes else Severity.WARNING, words=words)


def _describe_keys(services: Services) -> str:
    credentials = services.credentials()
    keys = credentials.current()
    kind = "temporary" if keys.token else "long-lived"
    return f"{kind} key {keys.access_key_id[:4]}…{keys.access_key_id[-4:]} from {credentials.source}"


def _describe_endpoint(services: Services) -> str:
    endpoint = services.endpoint()
    return f"{endpoint.url}, a domain bound to the bucket" if endpoint.cname else endpoint.url


def _ecs(services: Services) -> Iterator[Finding]:
    try:
        cloud = services.cloud()
    except ImgkitError as error:
        yield refuse(error, rule="ecs")
        return
    yield _look("ecs:DescribeImages", lambda: f"{len(list(islice(cloud.images(ImageQuery()), 100)))} images seen")
    yield _look("ecs:DescribeTasks", lambda: f"{len(list(islice(cloud.export_tasks(), 100)))} export tasks seen")


def _oss(services: Services, now: Callable[[], datetime]) -> Iterator[Finding]:
    yield _look("endpoint", lambda: _describe_endpoint(services))
    try:
        bucket = services.store(services.settings.bucket).bucket_info()
    except ImgkitError as error:
        yield refuse(error, rule="bucket")
        return
    yield Finding(
        rule="bucket",
        severity=Severity.HELD,
        words=f"bucket: {bucket.name} in {bucket.region_id}, {bucket.storage_class}",
    )
    if bucket.region_id != services.region:
        elsewhere = SettingsError(
            f"bucket {bucket.name} is in {bucket.region_id}, not in {services.region}",
            hint="An export needs a bucket in the image's region.",
        )
        yield refuse(elsewhere, rule="bucket region")
    listed: list[str] = []
    yield _look("oss:ListObjects", lambda: _list_some(services, listed))
    if listed:
        yield _clock(services, listed[0], now)


def _list_some(services: Services, listed: list[str]) -> str:
    listed += [each.key for each in islice(services.store(services.settings.bucket).list_objects(""), 10)]
    return f"{len(listed)} objects seen" if listed else "allowed; the bucket is empty"


def _clock(services: Services, key: str, now: Callable[[], datetime]) -> Finding:
    try:
        there = services.store(services.settings.bucket).describe(key).server_date
    except ImgkitError as error:
        return refuse(error, rule="oss:GetObject")
    if there is None:
        return Finding(rule="clock", severity=Severity.UNKNOWN, words="clock: the service named no date")
    off = abs((there - now()).total_seconds())
    if off > _CLOCK_WARNING_SECONDS:
        words = f"clock: this machine is {off:.0f} s off; from {_CLOCK_LIMIT_SECONDS // 60} minutes on nothing works"
        return Finding(rule="clock", severity=Severity.WARNING, words=words, remedy="Set it by NTP.")
    return Finding(rule="clock", severity=Severity.HELD, words=f"clock: within {max(off, 1):.0f} s of the service's")
