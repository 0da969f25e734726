"""Where credentials come from, in which order, and what is said when there are none."""

import os
from types import SimpleNamespace

import pytest
from tests.unit.aliyun.cli_profiles import SECRET, ak_profile, write_cli_config

from imgkit.aliyun.credential_sources import ProvidedCredentials, find_credentials
from imgkit.errors import SettingsError

NOWHERE = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}


class Provider:
    def __init__(self, *keys: tuple[str | None, str | None, str | None]) -> None:
        self.keys = list(keys)

    def get_credentials(self) -> SimpleNamespace:
        key_id, secret, token = self.keys.pop(0)
        return SimpleNamespace(
            get_access_key_id=lambda: key_id, get_access_key_secret=lambda: secret, get_security_token=lambda: token
        )


def test_environment_of_alibaba(tmp_path):
    environment = {
        **NOWHERE,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "id1",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
        "ALIBABA_CLOUD_SECURITY_TOKEN": "tok",
    }
    found = find_credentials(profile="", home=tmp_path, environment=environment)

    assert found.current() == ("id1", SECRET, "tok")
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in found.source


def test_environment_of_oss(tmp_path):
    environment = {
        **NOWHERE,
        "OSS_ACCESS_KEY_ID": "id2",
        "OSS_ACCESS_KEY_SECRET": SECRET,
        "OSS_SESSION_TOKEN": "tok2",
    }

    found = find_credentials(profile="", home=tmp_path, environment=environment)

    assert found.current() == ("id2", SECRET, "tok2")


def test_the_processes_own_environment_is_not_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)

    with pytest.raises(SettingsError):
        find_credentials(profile="", home=tmp_path, environment=NOWHERE)


def test_environment_comes_before_the_clis_profile(tmp_path):
    write_cli_config(tmp_path, ak_profile("default", "from-cli"))
    environment = {**NOWHERE, "OSS_ACCESS_KEY_ID": "from-env", "OSS_ACCESS_KEY_SECRET": SECRET}

    assert find_credentials(profile="", home=tmp_path, environment=environment).current()[0] == "from-env"


def test_a_named_profile_comes_before_everything(tmp_path):
    write_cli_config(tmp_path, ak_profile("default", "current"), ak_profile("case7", "named"))
    environment = {**NOWHERE, "OSS_ACCESS_KEY_ID": "from-env", "OSS_ACCESS_KEY_SECRET": SECRET}
    found = find_credentials(profile="case7", home=tmp_path, environment=environment)

    assert found.current() == ("named", SECRET, "")
    assert "case7" in found.source


def test_a_named_profile_that_is_not_there_is_not_replaced_by_another(tmp_path):
    write_cli_config(tmp_path, ak_profile("default", "current"))

    with pytest.raises(SettingsError, match="'case7'") as caught:
        find_credentials(profile="case7", home=tmp_path, environment=NOWHERE)

    assert "aliyun configure" in caught.value.hint


def test_the_clis_current_profile_is_taken(tmp_path):
    write_cli_config(tmp_path, ak_profile("default", "a"), ak_profile("work", "b"), current="work")

    assert find_credentials(profile="", home=tmp_path, environment=NOWHERE).current()[0] == "b"


def test_the_environment_may_name_the_profile(tmp_path):
    write_cli_config(tmp_path, ak_profile("default", "a"), ak_profile("work", "b"))
    environment = {**NOWHERE, "ALIBABA_CLOUD_PROFILE": "work"}

    assert find_credentials(profile="", home=tmp_path, environment=environment).current()[0] == "b"


def test_the_clis_profile_can_be_switched_off(tmp_path):
    write_cli_config(tmp_path, ak_profile("default", "a"))
    environment = {**NOWHERE, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}

    with pytest.raises(SettingsError):
        find_credentials(profile="", home=tmp_path, environment=environment)


def test_a_profile_with_a_security_token(tmp_path):
    profile = {**ak_profile("default", "sts-id"), "mode": "StsToken", "sts_token": "tok"}
    write_cli_config(tmp_path, profile)

    assert find_credentials(profile="", home=tmp_path, environment=NOWHERE).current() == ("sts-id", SECRET, "tok")


def test_new_tokens_that_another_program_writes_are_seen(tmp_path):
    profile = {**ak_profile("default", "sts-id"), "mode": "StsToken", "sts_token": "old"}
    path = write_cli_config(tmp_path, profile)
    found = find_credentials(profile="", home=tmp_path, environment=NOWHERE)
    write_cli_config(tmp_path, {**profile, "sts_token": "new"})
    os.utime(path, ns=(1, 1))

    assert found.current()[2] == "new"


def test_a_broken_profile_gives_way_to_the_next_place(tmp_path):
    write_cli_config(tmp_path, {"name": "default", "mode": "AK", "access_key_id": "", "access_key_secret": ""})
    ini = tmp_path / ".alibabacloud" / "credentials.ini"
    ini.parent.mkdir()
    ini.write_text(f"[default]\ntype=access_key\naccess_key_id=ini-id\naccess_key_secret={SECRET}\n")
    found = find_credentials(profile="", home=tmp_path, environment=NOWHERE)

    assert found.current()[0] == "ini-id"
    assert "credentials.ini" in found.source


def test_the_environment_may_name_the_ini_file(tmp_path):
    ini = tmp_path / "elsewhere.ini"
    ini.write_text(f"[default]\ntype=access_key\naccess_key_id=ini-id\naccess_key_secret={SECRET}\n")
    environment = {**NOWHERE, "ALIBABA_CLOUD_CREDENTIALS_FILE": str(ini)}

    assert find_credentials(profile="", home=tmp_path, environment=environment).current()[0] == "ini-id"


def test_nothing_anywhere_lists_the_ways_and_prints_nothing(tmp_path, capfd):
    with pytest.raises(SettingsError, match="no credentials for Alibaba Cloud") as caught:
        find_credentials(profile="", home=tmp_path, environment=NOWHERE)

    assert all(word in caught.value.hint for word in ("--profile", "OSS_ACCESS_KEY_ID", "RAM role", "OIDC"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("lacking", ["ALIBABA_CLOUD_ACCESS_KEY_SECRET", "OSS_ACCESS_KEY_ID"])
def test_half_a_key_is_a_mistake_and_not_passed_over(tmp_path, lacking):
    family = lacking.rpartition("ACCESS_KEY_")[0]
    environment = {**NOWHERE, f"{family}ACCESS_KEY_ID": "id", f"{family}ACCESS_KEY_SECRET": SECRET}
    del environment[lacking]

    with pytest.raises(SettingsError, match=f"lacks {lacking}"):
        find_credentials(profile="", home=tmp_path, environment=environment)


def test_every_request_asks_the_provider():
    provider = Provider(("id", "s", "first"), ("id", "s", "second"))
    credentials = ProvidedCredentials("a test", lambda: provider)

    assert [credentials.current()[2], credentials.current()[2]] == ["first", "second"]


@pytest.mark.parametrize("keys", [(None, None, None), ("id", "", ""), ("", "secret", "")])
def test_empty_credentials_are_none(keys):
    with pytest.raises(SettingsError, match="they are empty"):
        ProvidedCredentials("a test", lambda: Provider(keys)).current()


def test_what_a_provider_quotes_stays_out_of_the_message():
    class Leaky:
        def get_credentials(self) -> None:
            raise ValueError(f'error retrieving credentials, http_code=200, result: {{"AccessKeySecret":"{SECRET}"}}')

    with pytest.raises(SettingsError) as caught:
        ProvidedCredentials("a test", Leaky).current()

    assert "http_code=200" in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.__cause__ is None
