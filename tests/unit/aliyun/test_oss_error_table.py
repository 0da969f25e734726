"""Every documented code of OSS that a download meets has a meaning."""

import pytest

from imgkit.aliyun.error_table import Meaning
from imgkit.aliyun.oss_error_table import OSS_CODES, OSS_STATUSES
from imgkit.errors import ImgkitError, ObjectChanged, UrlExpired

DOCUMENTED = [
    "NoSuchBucket",
    "NoSuchKey",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSecurityToken",
    "SecurityTokenExpired",
    "AccessKeyIdAndSecurityTokenNotMatch",
    "RequestTimeTooSkewed",
    "InvalidObjectState",
    "BucketDisable",
    "InDebt",
    "InDebtOverdue",
    "UserDisable",
    "PreconditionFailed",
    "InvalidRange",
    "RequestTimeout",
    "InternalError",
    "ServiceUnavailable",
    "DownloadTrafficRateLimitExceeded",
    "TotalQpsLimitExceeded",
    "MetaOperationQpsLimitExceeded",
    "ActiveRequestLimitExceeded",
]


@pytest.mark.parametrize("code", DOCUMENTED)
def test_documented_code_is_in_the_table(code):
    assert code in OSS_CODES


@pytest.mark.parametrize("meaning", [*OSS_CODES.values(), *OSS_STATUSES.values()], ids=lambda one: one.cause)
def test_meaning_has_an_error_of_ours_a_cause_and_a_remedy(meaning: Meaning):
    assert issubclass(meaning.kind, ImgkitError)
    assert meaning.cause
    assert not meaning.cause.endswith(".")
    assert meaning.remedy[0].isupper()


def test_changed_objects_and_dead_tokens_have_their_own_errors():
    assert OSS_CODES["PreconditionFailed"].kind is OSS_STATUSES[412].kind is ObjectChanged
    assert OSS_CODES["SecurityTokenExpired"].kind is UrlExpired
