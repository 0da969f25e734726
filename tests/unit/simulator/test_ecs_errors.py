"""Errors of ECS as JSON."""

import json

import pytest

from imgkit.simulator.ecs_errors import EcsError, error_response, known_codes

# The documented codes of ExportImage and CancelTask, with their statuses.
DOCUMENTED = {
    "CancelTaskFailed": 403,
    "ConcurrentQuotaExceed.ExportImage": 403,
    "ExportImageFailed": 403,
    "ImageIsExporting": 403,
    "ImageNotSupported": 403,
    "IncorrectImageStatus": 400,
    "InvalidImage.DiskAmountOrSize": 400,
    "InvalidImageCategory.NotSupported": 403,
    "InvalidImageFormat.Malformed": 400,
    "InvalidImageFormat.RegionNotSupported": 400,
    "InvalidImageId.NotFound": 404,
    "InvalidImageLicense.NotSupported": 403,
    "InvalidImageName.Malformed": 400,
    "InvalidOSS.NotAuthorized": 403,
    "InvalidOSSBucket.EncryptUnsupported": 403,
    "InvalidOSSBucket.NotFound": 400,
    "InvalidOSSBucket.NotMatched": 400,
    "InvalidOSSObject.NeedRestore": 400,
    "InvalidOSSPrefix.Malformed": 400,
    "InvalidRegion.NotSupport": 400,
    "InvalidRegionId.NotFound": 400,
    "InvalidTaskId.IncorrectTaskStatus": 403,
    "InvalidTaskId.NotFound": 400,
    "InvalidTaskId.TaskActionNotSupport": 403,
    "MissingParameter": 400,
    "NoSetRoletoECSServiceAcount": 403,
    "OperationDenied": 400,
    "UserNotInTheWhiteList": 403,
    "WeeklyQuotaExceed.ExportImage": 403,
}


@pytest.mark.parametrize(("code", "status"), DOCUMENTED.items())
def test_every_documented_code_is_known_with_its_status(code, status):
    assert code in known_codes()
    assert EcsError(code).status == status


def test_an_error_is_json_with_everything_a_client_reads():
    error = EcsError("Forbidden.RAM", facts={"AccessDeniedDetail": {"AuthAction": "ecs:ExportImage"}})
    response = error_response(error, request_id="R", host="h")
    words = json.loads(response.body)
    assert (response.status, words["Code"], words["RequestId"], words["HostId"]) == (403, "Forbidden.RAM", "R", "h")
    assert {"Message", "Recommend"} < set(words)
    assert words["AccessDeniedDetail"]["AuthAction"] == "ecs:ExportImage"
