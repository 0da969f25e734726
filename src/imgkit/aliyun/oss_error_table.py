"""Every documented error code of OSS that a download can meet, as error_table.py has those of ECS.

Sources: "HTTP status code 403", "HTTP status code 503" and their neighbours, "RestoreObject" and "Range" in the OSS
documentation. What PreconditionFailed and expired tokens mean hangs on the request; oss_errors.py decides those.
"""

from collections.abc import Mapping
from types import MappingProxyType

from imgkit.aliyun.error_table import Meaning
from imgkit.errors import AccessDenied, CloudError, NoSuchBucketOrObject, ObjectChanged, SettingsError, UrlExpired

_KEYS_REMEDY = "Check the AccessKey: `imgkit doctor` names where it comes from; --profile chooses another one."
_TOKEN_REMEDY = "Get new temporary credentials and run the same command again: it goes on where it was."  # noqa: S105  # words
_PAY_REMEDY = "Settle the account or enable the bucket in Alibaba's console, then run the same command again."

DENIED = Meaning(
    AccessDenied,
    "OSS denies it",
    "Ask whoever administers the bucket for oss:ListObjects, oss:GetObject, oss:GetBucketInfo and "
    "oss:GetBucketLocation. Accounts opened since March 2025 reach buckets in mainland China only through a bound "
    "domain (--oss-endpoint with --cname) or from inside the region (--internal).",
)
NO_OBJECT = Meaning(NoSuchBucketOrObject, "there is no such object", "Check the key: a listing shows what is near it.")
SHORTER = Meaning(
    ObjectChanged, "the object is shorter than it was", "It was replaced meanwhile: fetch it again from its beginning."
)
CHANGED = Meaning(
    ObjectChanged,
    "the object was replaced meanwhile",
    "Fetch it again from its beginning: its first bytes are others'.",
)
BUSY = Meaning(CloudError, "OSS asks for fewer requests", "Wait a minute, or use fewer connections.", again=True)
BROKEN = Meaning(CloudError, "OSS has an error of its own", "Try again in a few minutes.", again=True)
_TOKEN_OVER = Meaning(UrlExpired, "the security token has expired", _TOKEN_REMEDY)
_SUSPENDED = Meaning(AccessDenied, "the account or the bucket is suspended", _PAY_REMEDY)

OSS_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "NoSuchBucket": Meaning(
            NoSuchBucketOrObject, "there is no such bucket", "Check the bucket's name and its region (--region)."
        ),
        "NoSuchKey": NO_OBJECT,
        "NoSuchVersion": Meaning(
            NoSuchBucketOrObject, "there is no such version of the object", "Look for its versions in the OSS console."
        ),
        "AccessDenied": DENIED,
        "InvalidAccessKeyId": Meaning(SettingsError, "OSS does not know this AccessKey", _KEYS_REMEDY),
        "SignatureDoesNotMatch": Meaning(
            SettingsError,
            "the signature does not fit: the secret or the region is wrong, or a proxy changed the request",
            _KEYS_REMEDY,
        ),
        "InvalidSecurityToken": _TOKEN_OVER,
        "SecurityTokenExpired": _TOKEN_OVER,
        "AccessKeyIdAndSecurityTokenNotMatch": _TOKEN_OVER,
        "RequestTimeTooSkewed": Meaning(
            CloudError,
            "this machine's clock is wrong",
            "Set this machine's clock (`timedatectl` shows whether it is synchronised) and run the same command again.",
        ),
        "InvalidObjectState": Meaning(
            CloudError,
            "the object is frozen in an archive class and must be restored first",
            "Add --restore, or restore it in the OSS console: Archive takes a minute, ColdArchive hours.",
        ),
        "BucketDisable": _SUSPENDED,
        "InDebt": _SUSPENDED,
        "InDebtOverdue": _SUSPENDED,
        "UserDisable": _SUSPENDED,
        "PreconditionFailed": CHANGED,
        "InvalidRange": SHORTER,
        "RequestTimeout": Meaning(CloudError, "the request reached OSS too slowly", "Try again.", again=True),
        "OperationNotSupported": Meaning(
            CloudError, "OSS does not offer that for this object", "Only objects of an archive class can be restored."
        ),
        "InternalError": BROKEN,
        "ServiceUnavailable": BUSY,
        "DownloadTrafficRateLimitExceeded": BUSY,
        "UploadTrafficRateLimitExceeded": BUSY,
        "TotalQpsLimitExceeded": BUSY,
        "MetaOperationQpsLimitExceeded": BUSY,
        "ActiveRequestLimitExceeded": BUSY,
    }
)

# HEAD answers have no body, and proxies none that OSS wrote: then the status is all there is.
OSS_STATUSES: Mapping[int, Meaning] = MappingProxyType(
    {
        401: DENIED,
        403: DENIED,
        404: NO_OBJECT,
        408: BROKEN,
        412: CHANGED,
        416: SHORTER,
        429: BUSY,
    }
)
