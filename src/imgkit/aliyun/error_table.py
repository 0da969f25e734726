"""Every documented error code of ECS exports and their tasks: what it means, which error of ours it is, what to do.

Sources: the error sections of "ExportImage", "DescribeTaskAttribute", "CancelTask" and "DescribeImages" in the ECS
documentation, and of "Export a custom image". Data only; explain.py reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from imgkit.aliyun.service_role import how_to_make_the_role
from imgkit.errors import (
    AccessDenied,
    CloudError,
    ExportFailed,
    ImgkitError,
    NoSuchBucketOrObject,
    NoSuchImageOrTask,
    NotExportable,
    SettingsError,
    UrlExpired,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """`again` says that a call which only reads may be repeated."""

    kind: type[ImgkitError]
    cause: str
    remedy: str
    again: bool = False


_CLOCK_REMEDY = "Set this machine's clock (`timedatectl` shows whether it is synchronised) and try again."
_KEYS_REMEDY = "Check the AccessKey: `imgkit doctor` names where it comes from; --profile chooses another one."
_NO_ROLE = Meaning(AccessDenied, "ECS has no service role with which it could write into OSS", how_to_make_the_role())
_NO_RIGHT = Meaning(
    AccessDenied,
    "these credentials may not do that",
    "Ask whoever administers the account for ecs:DescribeImages, ecs:ExportImage, ecs:DescribeTaskAttribute, "
    "ecs:DescribeTasks and ecs:CancelTask.",
)
_BUSY = Meaning(CloudError, "the service asks for fewer requests", "Wait a minute and try again.", again=True)
_BROKEN = Meaning(CloudError, "the service has an error of its own", "Try again in a few minutes.", again=True)

# A code whose meaning hangs on the HTTP status has it behind a slash. A code that is not listed is looked up by what
# stands before its last dot: Throttling.User as Throttling.
ECS_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "MissingParameter": Meaning(
            SettingsError, "a required parameter is missing", "Check --region, --bucket and the image id."
        ),
        "InvalidRegionId.NotFound": Meaning(
            SettingsError,
            "there is no such region",
            "Check --region: region ids look like cn-hangzhou or eu-central-1.",
        ),
        "InvalidRegion.NotSupport": Meaning(
            NotExportable,
            "this region offers no import and export of images",
            "Copy the image to another region (CopyImage) and export it there.",
        ),
        "InvalidImageId.NotFound": Meaning(
            NoSuchImageOrTask,
            "this account has no such image in this region",
            "Check --region and the account: `imgkit images` lists what is there.",
        ),
        "InvalidImageName.Malformed": Meaning(
            NotExportable, "the image's name is not well-formed", "Rename the image in the ECS console and try again."
        ),
        "IncorrectImageStatus": Meaning(
            NotExportable, "the image is not in status Available", "Wait until it is: `imgkit images` shows its status."
        ),
        "ImageNotSupported": Meaning(
            NotExportable,
            "the image cannot be exported: it stems from the Marketplace or contains encrypted snapshots",
            "Rebuild it from another base, or make an unencrypted copy of it.",
        ),
        "ImageNotSupported/403": Meaning(
            NotExportable,
            "the image stems from an image of the Marketplace",
            "Rebuild the machine from a public or own image; what comes from the Marketplace cannot be exported.",
        ),
        "ImageNotSupported/400": Meaning(
            NotExportable,
            "the image contains encrypted snapshots",
            "Make an unencrypted copy of the image and export that.",
        ),
        "InvalidImageCategory.NotSupported": Meaning(
            NotExportable,
            "the image is no custom image of this account",
            "Make a custom image from an instance and export that.",
        ),
        "InvalidImageLicense.NotSupported": Meaning(
            NotExportable,
            "the licence of the image's system forbids exporting it",
            "Windows and other licensed systems cannot be exported; copy the files from inside the machine.",
        ),
        "InvalidImage.DiskAmountOrSize": Meaning(
            NotExportable,
            "the image has too many data disks, or too large ones",
            "Make images with fewer disks: 2048 GiB a data disk are documented; older pages say four of 500 GiB each.",
        ),
        "OperationDenied": Meaning(
            NotExportable,
            "the image contains a snapshot of a data disk, which cannot be exported here",
            "Make an image of the system disk alone, and one each of the data disks.",
        ),
        "InvalidImageFormat.Malformed": Meaning(
            SettingsError, "this image format is unknown to ECS", "Use raw, vhd, qcow2, vdi or vmdk."
        ),
        "InvalidImageFormat.RegionNotSupported": Meaning(
            NotExportable,
            "this region does not export to that format",
            "Export raw (`--format raw`); imgkit converts it here with --to.",
        ),
        "InvalidOSSPrefix.Malformed": Meaning(
            SettingsError, "the prefix is not well-formed", "A prefix has 1 to 30 letters and digits, nothing else."
        ),
        "InvalidOSSBucket.NotFound": Meaning(
            NoSuchBucketOrObject,
            "there is no such bucket in the image's region",
            "Choose or create a bucket in the region of the image.",
        ),
        "InvalidOSSBucket.NotMatched": Meaning(
            NotExportable, "the bucket does not belong with this region", "Choose a bucket in the region of the image."
        ),
        "InvalidOSSObject.NeedRestore": Meaning(
            CloudError, "an object of that name is archived", "Restore or delete that object, or use another prefix."
        ),
        "InvalidOSSBucket.EncryptUnsupported": Meaning(
            NotExportable,
            "the bucket encrypts by default, and ECS does not export into such buckets",
            "Use a bucket without default server-side encryption.",
        ),
        "InvalidOSS.NotAuthorized": Meaning(
            AccessDenied,
            "ECS may not use this bucket",
            "Check the bucket's policy and the permissions of the service role.\n" + how_to_make_the_role(),
        ),
        # The service spells it with one c; both are taken, in case it is mended.
        "NoSetRoletoECSServiceAcount": _NO_ROLE,
        "NoSetRoletoECSServiceAccount": _NO_ROLE,
        "ImageIsExporting": Meaning(
            CloudError,
            "an export of this image is running already",
            "Follow it: `imgkit tasks list`, then `imgkit tasks watch`.",
        ),
        "ExportImageFailed": Meaning(
            ExportFailed, "ECS could not begin the export", "Try again later; if it stays so, open a ticket at Alibaba."
        ),
        "UserNotInTheWhiteList": Meaning(
            AccessDenied, "this account is not enabled for exports", "Open a ticket at Alibaba to have it enabled."
        ),
        "ConcurrentQuotaExceed.ExportImage": Meaning(
            CloudError,
            "too many exports of this account are running",
            "Wait until one has ended (`imgkit tasks list`) and try again.",
        ),
        "WeeklyQuotaExceed.ExportImage": Meaning(
            CloudError, "this account's exports of the week are used up", "Wait, or ask Alibaba for a larger quota."
        ),
        "InvalidTaskId.NotFound": Meaning(
            NoSuchImageOrTask, "there is no such task in this region", "Check --region: `imgkit tasks list` shows them."
        ),
        "InvalidTaskId.TaskActionNotSupport": Meaning(
            CloudError, "this kind of task cannot be cancelled", "Wait until it ends: `imgkit tasks watch`."
        ),
        "InvalidTaskId.IncorrectTaskStatus": Meaning(
            CloudError, "the task is not running any more", "See how it ended: `imgkit tasks show`."
        ),
        "CancelTaskFailed": Meaning(
            CloudError, "the task could not be cancelled", "See where it stands and try again."
        ),
        "Forbidden": _NO_RIGHT,
        "Forbidden.RAM": _NO_RIGHT,
        "NoPermission": _NO_RIGHT,
        "InvalidAccessKeyId": Meaning(SettingsError, "the service does not know this AccessKey", _KEYS_REMEDY),
        "InvalidAccessKeyId.NotFound": Meaning(SettingsError, "the service does not know this AccessKey", _KEYS_REMEDY),
        "InvalidAccessKeyId.Inactive": Meaning(
            SettingsError, "this AccessKey is disabled", "Enable it in the RAM console, or use another one."
        ),
        "InvalidCredentials": Meaning(SettingsError, "there are no credentials", _KEYS_REMEDY),
        "SignatureDoesNotMatch": Meaning(
            SettingsError,
            "the signature does not fit: the secret is wrong, or a proxy changed the request",
            _KEYS_REMEDY,
        ),
        "IncompleteSignature": Meaning(
            SettingsError, "the signature came incomplete: a proxy may have changed the request", _KEYS_REMEDY
        ),
        "InvalidSecurityToken": Meaning(
            SettingsError, "the security token does not belong to this AccessKey", "Get new temporary credentials."
        ),
        "InvalidSecurityToken.Expired": Meaning(
            UrlExpired,
            "the security token has expired",
            "Get new temporary credentials and run the same command again.",
        ),
        "SignatureNonceUsed": Meaning(
            CloudError, "the request arrived twice on its way", "Try again; a proxy may repeat requests.", again=True
        ),
        "InvalidTimeStamp": Meaning(CloudError, "this machine's clock is wrong", _CLOCK_REMEDY),
        "InvalidTimeStamp.Expired": Meaning(
            CloudError, "the request's time is too far off: this machine's clock is wrong", _CLOCK_REMEDY
        ),
        "Throttling": _BUSY,
        "ServiceUnavailable": _BROKEN,
        "InternalError": _BROKEN,
    }
)

TASK_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "IMAGE_ALREADY_EXIST": Meaning(
            ExportFailed,
            "an object of that name is in the bucket already, and ECS does not overwrite",
            "Use what is there with --reuse, export under another --prefix, or delete the object and export again.",
        ),
    }
)
