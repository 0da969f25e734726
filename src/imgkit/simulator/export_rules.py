"""What ECS refuses to export: every rule of the ExportImage page, in the order in which they are looked at."""

import re

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud import Cloud
from imgkit.simulator.ecs_errors import EcsError
from imgkit.simulator.exports import ExportJob
from imgkit.simulator.images import CloudImage
from imgkit.simulator.messages import Request
from imgkit.simulator.object_names import QEMU_FORMATS
from imgkit.simulator.regions import FORMAT_REGIONS

_PREFIX = re.compile(r"[A-Za-z0-9]{1,30}")
_LARGEST_DATA_DISK_GIB = 2048


def judge_export(request: Request, cloud: Cloud, region_id: str) -> ExportJob:
    """Return what is to be exported. Raises EcsError with the code of the first rule that is broken."""
    image = _find_image(request, cloud, region_id)
    judge_image(image)
    image_format = judge_format(request.parameter("ImageFormat"), region_id)
    prefix = request.parameter("OSSPrefix")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise EcsError("InvalidOSSPrefix.Malformed")
    bucket = _find_bucket(request, cloud, region_id)
    if not cloud.settings.service_role:
        raise EcsError("NoSetRoletoECSServiceAcount")
    _judge_running(cloud, image)
    return ExportJob(image=image, bucket=bucket, prefix=prefix, image_format=image_format)


def judge_image(image: CloudImage) -> None:
    """Raise EcsError where the image itself rules an export out."""
    if image.owner_alias != "self":
        raise EcsError("InvalidImageCategory.NotSupported")
    if image.status != "Available":
        raise EcsError("IncorrectImageStatus")
    if image.product_code:
        raise EcsError("ImageNotSupported")
    if image.os_type == "windows":
        raise EcsError("InvalidImageLicense.NotSupported")
    if any(disk.encrypted for disk in image.disks):
        raise EcsError("ImageNotSupported", "The specified image contains encrypted snapshots.", status=400)
    if any(disk.role == "data" and disk.gib > _LARGEST_DATA_DISK_GIB for disk in image.disks):
        raise EcsError("InvalidImage.DiskAmountOrSize")


def judge_format(word: str, region_id: str) -> str:
    """Return the format to export. Raises EcsError where it is none, or not offered in the region."""
    image_format = word.lower() or "raw"
    if image_format not in QEMU_FORMATS:
        raise EcsError("InvalidImageFormat.Malformed")
    if image_format != "raw" and region_id not in FORMAT_REGIONS:
        raise EcsError("InvalidImageFormat.RegionNotSupported")
    return image_format


def _find_image(request: Request, cloud: Cloud, region_id: str) -> CloudImage:
    for name in ("ImageId", "OSSBucket"):
        if not request.parameter(name):
            raise EcsError("MissingParameter", f"The parameter {name} is mandatory.")
    image = cloud.image(request.parameter("ImageId"), region_id)
    if image is None:
        raise EcsError("InvalidImageId.NotFound")
    return image


def _find_bucket(request: Request, cloud: Cloud, region_id: str) -> CloudBucket:
    bucket = cloud.bucket(request.parameter("OSSBucket"))
    if bucket is None or bucket.region_id != region_id:
        raise EcsError("InvalidOSSBucket.NotFound")
    if bucket.encryption:
        raise EcsError("InvalidOSSBucket.EncryptUnsupported")
    return bucket


def _judge_running(cloud: Cloud, image: CloudImage) -> None:
    running = cloud.tasks.running()
    if any(task.image_id == image.image_id for task in running):
        raise EcsError("ImageIsExporting")
    if 0 < cloud.settings.concurrent_exports <= len(running):
        raise EcsError("ConcurrentQuotaExceed.ExportImage")
