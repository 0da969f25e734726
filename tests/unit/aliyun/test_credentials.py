"""Keys of the environment, and what Alibaba's CLI keeps."""

import pytest
from tests.unit.aliyun.cli_profiles import SECRET, ak_profile, write_cli_config

from imgkit.aliyun.credentials import FixedCredentials, Keys, environment_keys, profile_region
from imgkit.errors import SettingsError

NOWHERE = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}


def test_secrets_stay_out_of_what_is_shown_of_them():
    shown = repr(FixedCredentials("a test", Keys("id", SECRET, "tok")))

    assert "id" in shown
    assert SECRET not in shown
    assert "tok" not in shown


def test_region_of_the_current_and_of_a_named_profile(tmp_path):
    write_cli_config(
        tmp_path,
        ak_profile("default", "a", region_id="cn-hangzhou"),
        ak_profile("work", "b", region_id="eu-central-1"),
    )

    assert profile_region("", tmp_path) == "cn-hangzhou"
    assert profile_region("work", tmp_path) == "eu-central-1"
    assert profile_region("none", tmp_path) == ""


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"profiles": 3}', '{"profiles": [3]}', '{"current": "x"}'])
def test_a_damaged_cli_file_has_no_region(tmp_path, content):
    write_cli_config(tmp_path).write_text(content)

    assert profile_region("", tmp_path) == ""


def test_without_a_cli_file_there_is_no_region(tmp_path):
    assert profile_region("default", tmp_path) == ""


def test_keys_of_the_environment_are_found_without_the_sdk():
    there = {"OSS_ACCESS_KEY_ID": "id", "OSS_ACCESS_KEY_SECRET": SECRET, "OSS_SESSION_TOKEN": "t"}
    found = environment_keys(there)
    assert found is not None
    assert found.current() == Keys("id", SECRET, "t")
    assert environment_keys({}) is None


@pytest.mark.parametrize("lacking", ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
def test_half_a_key_is_said(lacking):
    whole = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET}
    with pytest.raises(SettingsError, match=f"lacks {lacking}"):
        environment_keys({name: value for name, value in whole.items() if name != lacking})
