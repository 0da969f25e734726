"""Every documented code of ECS has a meaning that a person can act on."""

import pytest

from imgkit.aliyun.error_table import ECS_CODES, TASK_CODES, Meaning
from imgkit.errors import ImgkitError

DOCUMENTED = [
    "MissingParameter",
    "InvalidRegionId.NotFound",
    "InvalidRegion.NotSupport",
    "InvalidImageId.NotFound",
    "InvalidImageName.Malformed",
    "IncorrectImageStatus",
    "ImageNotSupported",
    "InvalidImageCategory.NotSupported",
    "InvalidImageLicense.NotSupported",
    "InvalidImage.DiskAmountOrSize",
    "OperationDenied",
    "InvalidImageFormat.Malformed",
    "InvalidImageFormat.RegionNotSupported",
    "InvalidOSSPrefix.Malformed",
    "InvalidOSSBucket.NotFound",
    "InvalidOSSBucket.NotMatched",
    "InvalidOSSObject.NeedRestore",
    "InvalidOSSBucket.EncryptUnsupported",
    "InvalidOSS.NotAuthorized",
    "NoSetRoletoECSServiceAcount",
    "NoSetRoletoECSServiceAccount",
    "ImageIsExporting",
    "ExportImageFailed",
    "UserNotInTheWhiteList",
    "ConcurrentQuotaExceed.ExportImage",
    "WeeklyQuotaExceed.ExportImage",
    "Forbidden.RAM",
    "Forbidden",
    "NoPermission",
    "InvalidAccessKeyId.NotFound",
    "InvalidAccessKeyId.Inactive",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "SignatureNonceUsed",
    "InvalidTimeStamp.Expired",
    "Throttling",
    "ServiceUnavailable",
    "InternalError",
    "InvalidTaskId.NotFound",
    "InvalidTaskId.TaskActionNotSupport",
    "InvalidTaskId.IncorrectTaskStatus",
    "CancelTaskFailed",
]
ALL = [*ECS_CODES.items(), *TASK_CODES.items()]


@pytest.mark.parametrize("code", DOCUMENTED)
def test_documented_code_is_in_the_table(code):
    assert code in ECS_CODES


def test_the_documented_task_error_is_in_the_table():
    assert "IMAGE_ALREADY_EXIST" in TASK_CODES


@pytest.mark.parametrize(("code", "meaning"), ALL, ids=[code for code, _ in ALL])
def test_meaning_has_an_error_of_ours_a_cause_and_a_remedy(code: str, meaning: Meaning):
    assert issubclass(meaning.kind, ImgkitError)
    assert meaning.kind is not ImgkitError
    assert meaning.cause
    assert not meaning.cause.endswith(".")
    assert meaning.remedy[0].isupper()


def test_only_passing_troubles_are_asked_again():
    again = {code for code, meaning in ECS_CODES.items() if meaning.again}

    assert again == {"Throttling", "ServiceUnavailable", "InternalError", "SignatureNonceUsed"}
