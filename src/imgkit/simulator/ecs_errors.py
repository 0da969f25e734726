"""The errors of ECS: their HTTP statuses and words, and the JSON they come in.

Codes and statuses of ExportImage are those of the public API page `alibabacloud.com/help/en/ecs/api-exportimage`; those
of the signature are among the common codes of all Alibaba Cloud APIs.
"""

import json
from typing import Any

from imgkit.simulator.messages import Response

_KNOWN: dict[str, tuple[int, str]] = {
    "CancelTaskFailed": (403, "Failed to cancel the task."),
    "ConcurrentQuotaExceed.ExportImage": (403, "The number of concurrent export tasks exceeds the quota."),
    "DryRunOperation": (400, "Request validation has been passed with DryRun flag set."),
    "ExportImageFailed": (403, "The export failed, please try again later."),
    "Forbidden": (403, "User not authorized to operate on the specified resource."),
    "Forbidden.RAM": (
        403,
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
    "ImageIsExporting": (403, "The specified image is exporting."),
    "ImageNotSupported": (403, "The specified image is from the image market; it does not support this operation."),
    "IncompleteSignature": (400, "The request signature does not conform to Aliyun standards."),
    "IncorrectImageStatus": (400, "The current status of the resource does not support this operation."),
    "InternalError": (500, "The request processing has failed due to some unknown error."),
    "InvalidAccessKeyId.Inactive": (403, "Specified access key is disabled."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAction.NotFound": (404, "The specified API is not found, please check your url and method."),
    "InvalidImage.DiskAmountOrSize": (400, "The image has too many data disks, or too large ones."),
    "InvalidImageCategory.NotSupported": (403, "The specified image is not a custom image."),
    "InvalidImageFormat.Malformed": (400, "The specified Image Format is not valid."),
    "InvalidImageFormat.RegionNotSupported": (400, "The specified image format is not supported in this region."),
    "InvalidImageId.NotFound": (404, "The specified ImageId does not exist."),
    "InvalidImageLicense.NotSupported": (403, "The license of the specified image does not allow this operation."),
    "InvalidImageName.Malformed": (400, "The specified Image name is wrongly formed."),
    "InvalidOSS.NotAuthorized": (403, "ECS is not authorized to access your OSS bucket or object."),
    "InvalidOSSBucket.EncryptUnsupported": (403, "The specified bucket has default encryption, which is unsupported."),
    "InvalidOSSBucket.NotFound": (400, "The specified bucket does not exist in this region."),
    "InvalidOSSBucket.NotMatched": (400, "The specified bucket does not match."),
    "InvalidOSSObject.NeedRestore": (400, "The specified object needs to be restored first."),
    "InvalidOSSPrefix.Malformed": (400, "The specified OSSPrefix is wrongly formed."),
    "InvalidParameter": (400, "The specified parameter is not valid."),
    "InvalidRegion.NotSupport": (400, "The specified region does not support image import or export."),
    "InvalidRegionId.NotFound": (400, "The specified RegionId does not exist."),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": (400, "Specified SecurityToken mismatch with the AccessKey."),
    "InvalidTaskId.IncorrectTaskStatus": (403, "The task is not running."),
    "InvalidTaskId.NotFound": (400, "The specified TaskId does not exist."),
    "InvalidTaskId.TaskActionNotSupport": (403, "The action of the specified task does not support cancelling."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "MissingParameter": (400, "A parameter that is mandatory for processing this request is not supplied."),
    "MissingSecurityToken": (400, "SecurityToken is mandatory for this action."),
    "NoPermission": (403, "You are not authorized to do this action."),
    "NoSetRoletoECSServiceAcount": (403, "ECS service account is not granted a role to access your OSS."),
    "OperationDenied": (400, "The image contains a data-disk snapshot, which does not support this operation."),
    "RequestEntityTooLarge": (413, "The body of the request is too large."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "Throttling": (400, "Request was denied due to request throttling."),
    "Throttling.Api": (400, "Request was denied due to api flow control."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "UserNotInTheWhiteList": (403, "The user is not in the white list of this feature."),
    "WeeklyQuotaExceed.ExportImage": (403, "The weekly quota of export tasks is used up."),
}


class EcsError(Exception):
    """ECS refuses; `facts` are further fields of the answer, such as AccessDeniedDetail."""

    def __init__(self, code: str, message: str = "", *, status: int = 0, facts: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        known_status, known_message = _KNOWN.get(code, (400, code))
        self.code = code
        self.message = message or known_message
        self.status = status or known_status
        self.facts = dict(facts or {})


def known_codes() -> frozenset[str]:
    """Return the codes whose status and words are known."""
    return frozenset(_KNOWN)


def error_response(error: EcsError, *, request_id: str, host: str) -> Response:
    """Return the answer to a refused request."""
    words = {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.alibabacloud.com/troubleshoot?q={error.code}&product=Ecs",
        **error.facts,
    }
    return json_response(words, status=error.status)


def json_response(words: dict[str, Any], *, status: int = 200) -> Response:
    """Return an answer of ECS."""
    body = json.dumps(words, ensure_ascii=False).encode()
    return Response(status=status, headers=(("Content-Type", "application/json;charset=utf-8"),), body=body)
