"""Before anything is spent: may this image be exported to this bucket, and is there room for it here?

Limits of an export: Alibaba Cloud, "Export a custom image" and the API page of ExportImage.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from imgkit.aliyun.rules import (
    MAX_DATA_DISK_BYTES,
    UNDISPUTED_DATA_DISK_BYTES,
    UNDISPUTED_DATA_DISKS,
    is_valid_prefix,
    parse_object_name,
)
from imgkit.errors import CloudError, ImgkitError, NotExportable, SettingsError
from imgkit.model.cloud_object import BucketInfo, ObjectInfo
from imgkit.model.image import CustomImage, DiskMapping
from imgkit.model.preflight import Finding, Severity, refuse
from imgkit.model.task import ExportRequest
from imgkit.ports import ExportRunning, ImageCloud, ObjectStore
from imgkit.units import GiB, describe_bytes

Found = TypeVar("Found")


def examine_export(
    cloud: ImageCloud, store: ObjectStore, image: CustomImage, request: ExportRequest, *, reuse: bool = False
) -> tuple[Finding, ...]:
    """Hold image, bucket, prefix and rights against every documented rule; nothing is changed in the cloud."""
    findings = [*examine_image(image), *_examine_prefix(request.prefix)]
    bucket, bucket_findings = _look(store.bucket_info, rule="bucket", what=f"bucket {request.bucket}")
    findings += bucket_findings
    if bucket is not None:
        findings += _examine_bucket(bucket, image.region_id)
        findings += _examine_names(store, request, reuse=reuse)
    if not any(each.severity is Severity.REFUSAL for each in findings):
        findings += _dry_run(cloud, request)
    return tuple(findings)


def examine_image(image: CustomImage) -> Iterator[Finding]:
    """Yield what the image itself says about being exported."""
    mine = image.owner_alias in {"self", ""}
    yield _rule("own image", mine, "it is a custom image of this account", _foreign(image))
    yield _rule("status", image.status in {"Available", ""}, "it is Available", _unavailable(image))
    yield _rule("operating system", image.os_type.lower() != "windows", "it is not Windows", _windows(image))
    yield _rule("Marketplace", not image.product_code, "it is not from the Marketplace", _marketplace(image))
    encrypted = [disk.device or disk.role.name for disk in image.disks if disk.encrypted]
    yield _rule("encryption", not encrypted, "none of its disks is encrypted", _encrypted(image, encrypted))
    yield from _examine_sizes(image)


def _rule(rule: str, held: bool, words: str, error: ImgkitError) -> Finding:
    """Return that a rule holds, in these words, or the refusal."""
    return Finding(rule=rule, severity=Severity.HELD, words=words) if held else refuse(error, rule=rule)


def _foreign(image: CustomImage) -> ImgkitError:
    return NotExportable(
        f"{image.image_id} is not a custom image of this account (its owner is {image.owner_alias!r})",
        hint="Create an instance from it, make a custom image of that instance, and export that one.",
    )


def _unavailable(image: CustomImage) -> ImgkitError:
    return NotExportable(
        f"{image.image_id} is {image.status}, and only an Available image can be exported",
        hint="Wait until the console shows it as Available.",
    )


def _windows(image: CustomImage) -> ImgkitError:
    name = image.os_name or image.platform or image.os_type
    return NotExportable(
        f"{image.image_id} is a Windows image ({name}), which ECS does not export",
        hint="There is no way around it in ECS; image the disks from inside the instance instead.",
    )


def _marketplace(image: CustomImage) -> ImgkitError:
    return NotExportable(
        f"{image.image_id} derives from the Marketplace (product {image.product_code}), which ECS does not export",
        hint="Rebuild the machine on an image that is not from the Marketplace.",
    )


def _encrypted(image: CustomImage, devices: Sequence[str]) -> ImgkitError:
    return NotExportable(
        f"{image.image_id} has encrypted disks ({', '.join(devices)}), which ECS does not export",
        hint="Copy the image without encryption (CopyImage), and export the copy.",
    )


def _examine_sizes(image: CustomImage) -> Iterator[Finding]:
    data = [disk for disk in image.disks if not disk.role.is_system]
    too_large = [disk for disk in data if disk.size_bytes > MAX_DATA_DISK_BYTES]
    fits = f"no data disk is larger than {MAX_DATA_DISK_BYTES // GiB} GiB"
    yield _rule("disk sizes", not too_large, fits, _too_large(image, too_large))
    large = [disk for disk in data if UNDISPUTED_DATA_DISK_BYTES < disk.size_bytes <= MAX_DATA_DISK_BYTES]
    if large or len(data) > UNDISPUTED_DATA_DISKS:
        yield Finding(
            rule="older limits",
            severity=Severity.WARNING,
            words=f"{len(data)} data disks, the largest of {describe_bytes(max(disk.size_bytes for disk in data))}: "
            "some regions still hold to at most 4 data disks of 500 GiB",
            remedy="If the export is refused with InvalidImage.DiskAmountOrSize, make images of fewer disks.",
        )


def _too_large(image: CustomImage, disks: Sequence[DiskMapping]) -> ImgkitError:
    names = ", ".join(f"{disk.role} of {describe_bytes(disk.size_bytes)}" for disk in disks)
    return NotExportable(
        f"{image.image_id} has a data disk above {MAX_DATA_DISK_BYTES // GiB} GiB ({names})",
        hint="Make a custom image without that disk, and copy its content another way.",
    )


def _examine_prefix(prefix: str) -> Iterator[Finding]:
    error = SettingsError(
        f"the prefix {prefix!r} is not 1 to 30 letters and digits", hint="Choose another with --prefix."
    )
    words = f"the prefix {prefix!r} is allowed" if prefix else "no prefix before the objects' names"
    yield _rule("prefix", not prefix or is_valid_prefix(prefix), words, error)


def _examine_bucket(bucket: BucketInfo, region_id: str) -> Iterator[Finding]:
    elsewhere = NotExportable(
        f"bucket {bucket.name} is in {bucket.region_id}, the image in {region_id}",
        hint=f"Choose a bucket in {region_id} with --bucket, or copy the image to {bucket.region_id} (CopyImage).",
    )
    here = not bucket.region_id or bucket.region_id == region_id
    yield _rule("bucket region", here, f"bucket {bucket.name} is in {region_id} too", elsewhere)
    encrypted = NotExportable(
        f"bucket {bucket.name} encrypts what is put into it ({bucket.encryption}), which an export does not support",
        hint="Choose a bucket without default encryption with --bucket.",
    )
    yield _rule("bucket encryption", not bucket.encryption, f"bucket {bucket.name} does not encrypt", encrypted)
    if "Archive" in bucket.storage_class:
        yield Finding(
            rule="storage class",
            severity=Severity.WARNING,
            words=f"bucket {bucket.name} is of class {bucket.storage_class}: objects must be restored before download",
            remedy="Use a Standard bucket, or add --restore (it costs a fee, and from a minute to two days).",
        )


def _examine_names(store: ObjectStore, request: ExportRequest, *, reuse: bool) -> Iterator[Finding]:
    found, findings = _look(
        lambda: find_earlier_export(store, request), rule="object names", what="the bucket's objects"
    )
    yield from findings
    if found is None:
        return
    if not found:
        yield Finding(rule="object names", severity=Severity.HELD, words="no object has the export's names yet")
    elif reuse:
        yield Finding(
            rule="object names",
            severity=Severity.NOTE,
            words=f"reusing what is there: {found[0].key}" + (f" and {len(found) - 1} more" if found[1:] else ""),
        )
    else:
        yield refuse(_already_there(found), rule="object names")


def find_earlier_export(store: ObjectStore, request: ExportRequest) -> list[ObjectInfo]:
    """Return the objects that an earlier export of this image with this prefix left in the bucket."""
    start = request.prefix or request.image_id
    return [each for each in store.list_objects(start) if _is_of(each.key, request)]


def _is_of(key: str, request: ExportRequest) -> bool:
    name = parse_object_name(key)
    return "/" not in key and name is not None and (name.prefix, name.image_id) == (request.prefix, request.image_id)


def _already_there(found: Sequence[ObjectInfo]) -> ImgkitError:
    newest = max((each.last_modified for each in found if each.last_modified), default=None)
    when = f", the newest of {newest:%Y-%m-%d %H:%M} UTC" if newest else ""
    return NotExportable(
        f"an export of this image is in the bucket already ({found[0].key}{when}): IMAGE_ALREADY_EXIST would follow",
        hint="Take it with --reuse, or export anew under another --prefix.",
        code="IMAGE_ALREADY_EXIST",
    )


def _dry_run(cloud: ImageCloud, request: ExportRequest) -> Iterator[Finding]:
    try:
        _, findings = _look(lambda: cloud.dry_run_export(request), rule="dry run", what="the service's own check")
    except ExportRunning:
        words = "an export of this image runs already: it is joined"
        findings = [Finding(rule="dry run", severity=Severity.NOTE, words=words)]
    yield from findings or [
        Finding(rule="dry run", severity=Severity.HELD, words="ExportImage's own dry run let it pass")
    ]


def _look(look: Callable[[], Found], *, rule: str, what: str) -> tuple[Found | None, list[Finding]]:
    """Look something up; a refusal of the service is a finding, and so is that it could not be asked."""
    try:
        return look(), []
    except CloudError as error:
        return None, [refuse(error, rule=rule)]
    except ImgkitError as error:
        words = f"could not look at {what}: {error.message}"
        return None, [Finding(rule=rule, severity=Severity.UNKNOWN, words=words, remedy=error.hint)]
