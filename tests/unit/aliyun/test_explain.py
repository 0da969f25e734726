"""Codes become sentences."""

import pytest

from imgkit.aliyun.error_table import ECS_CODES
from imgkit.aliyun.explain import Refusal, explain_ecs, explain_task_failure, find_meaning, one_line, printable
from imgkit.errors import AccessDenied, CloudError, ExportFailed, NotExportable, SettingsError

DOING = "export image m-1 to bucket evidence"


def test_the_status_decides_where_a_code_has_two_meanings():
    market = explain_ecs(Refusal(code="ImageNotSupported", status=403), doing=DOING)
    encrypted = explain_ecs(Refusal(code="ImageNotSupported", status=400), doing=DOING)

    assert isinstance(market, NotExportable)
    assert "Marketplace" in market.message
    assert "encrypted" not in market.message
    assert "encrypted" in encrypted.message


def test_message_names_what_was_done_why_it_failed_and_the_request():
    error = explain_ecs(Refusal(code="IncorrectImageStatus", status=400, request_id="4F-3A"), doing=DOING)

    assert error.message == (
        "Cannot export image m-1 to bucket evidence: the image is not in status Available "
        "(IncorrectImageStatus, request 4F-3A)."
    )
    assert isinstance(error, CloudError)
    assert (error.code, error.request_id) == ("IncorrectImageStatus", "4F-3A")


def test_unknown_code_keeps_the_services_own_words():
    error = explain_ecs(Refusal(code="Brand.New", status=400, message="Quite new.", request_id="R1"), doing=DOING)

    assert type(error) is CloudError
    assert error.message == f"Cannot {DOING}: Quite new (Brand.New, request R1)."
    assert error.hint


def test_a_family_of_codes_shares_its_meaning():
    assert find_meaning(Refusal(code="Throttling.User"), ECS_CODES) is ECS_CODES["Throttling"]
    assert find_meaning(Refusal(code="InvalidSecurityToken.Malformed"), ECS_CODES) is ECS_CODES["InvalidSecurityToken"]


@pytest.mark.parametrize("code", ["NoSetRoletoECSServiceAcount", "NoSetRoletoECSServiceAccount"])
def test_a_missing_service_role_prints_both_documents(code):
    error = explain_ecs(Refusal(code=code, status=403), doing=DOING)

    assert isinstance(error, AccessDenied)
    assert '"sts:AssumeRole"' in error.hint
    assert '"oss:PutObject"' in error.hint


def test_a_lacking_right_is_named():
    error = explain_ecs(Refusal(code="Forbidden.RAM", status=403, action="ecs:ExportImage"), doing=DOING)

    assert isinstance(error, AccessDenied)
    assert "ecs:ExportImage" in error.message


def test_bad_keys_are_a_matter_of_settings():
    assert isinstance(explain_ecs(Refusal(code="InvalidAccessKeyId.NotFound", status=404), doing=DOING), SettingsError)


def test_an_object_in_the_way_names_the_three_ways_out():
    error = explain_task_failure("IMAGE_ALREADY_EXIST", "exists")

    assert isinstance(error, ExportFailed)
    assert all(word in error.hint for word in ("--reuse", "--prefix", "delete"))


def test_another_task_error_keeps_its_words():
    error = explain_task_failure("ParameterInvalid", "The parameter is invalid.")

    assert type(error) is ExportFailed
    assert error.code == "ParameterInvalid"
    assert "The parameter is invalid" in error.message


def test_a_task_that_gives_no_reason_says_so():
    assert "no reason" in explain_task_failure("", "").message


def test_words_of_others_come_on_one_line_without_escapes_and_not_endless():
    assert one_line("a\x1b[31m\nb\t c.") == "a [31m b c"
    assert len(one_line("x" * 5000)) < 400
    assert printable("key\x1b]0;\x07") == "key ]0; "
