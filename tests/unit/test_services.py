"""Tests of services.py."""

import json
from pathlib import Path
from typing import Any

import pytest

from imgkit.errors import ImgkitError, SettingsError
from imgkit.services import Services
from imgkit.settings import Folders, Settings

KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def _services(home: Path, environment: dict[str, str] | None = None, **settings: Any) -> Services:
    folders = Folders(home=home, config=home / "config", state=home / "state", cache=home / "cache")
    return Services(settings=Settings(**settings), folders=folders, environment=environment or {})


def _write_profile(home: Path) -> None:
    profile = {
        "name": "case",
        "mode": "AK",
        "access_key_id": "id",
        "access_key_secret": "secret",
        "region_id": "cn-beijing",
    }
    (home / ".aliyun").mkdir()
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": "case", "profiles": [profile]}))


def test_the_region_that_was_said_goes_before_the_profiles(home):
    _write_profile(home)
    assert _services(home, region="eu-central-1").region == "eu-central-1"
    assert _services(home).region == "cn-beijing"


def test_without_any_region_the_error_says_where_to_name_it(home):
    with pytest.raises(SettingsError, match="no region") as caught:
        _ = _services(home).region
    assert "--region" in caught.value.hint


def test_without_a_bucket_the_error_says_where_to_name_it(home):
    assert _services(home, bucket="evidence").require_bucket() == "evidence"
    with pytest.raises(SettingsError, match="no bucket") as caught:
        _services(home).require_bucket()
    assert "--bucket" in caught.value.hint


def test_credentials_are_looked_for_once(home):
    services = _services(home, KEYS)
    assert services.credentials() is services.credentials()
    assert services.credentials().current().access_key_id == "id"


def test_a_plain_endpoint_beyond_loopback_is_refused(home):
    for endpoint in ("ecs_endpoint", "oss_endpoint"):
        services = _services(home, KEYS, region="cn-hangzhou", **{endpoint: "http://example.com"})
        with pytest.raises(SettingsError):
            services.cloud() if endpoint == "ecs_endpoint" else services.store("evidence")


def test_a_bucket_answers_where_the_settings_say(home):
    store = _services(home, KEYS, region="cn-hangzhou", oss_endpoint="http://127.0.0.1:9").store("evidence")
    assert store.bucket == "evidence"
    assert store.source("k").label == "oss://evidence/k"


def test_the_cloud_is_opened_once(home):
    services = _services(home, KEYS, region="cn-hangzhou", ecs_endpoint="http://127.0.0.1:9")
    assert services.cloud() is services.cloud()
    assert services.cloud().region_id == "cn-hangzhou"


def test_a_presigned_url_needs_neither_region_nor_credentials(home):
    source = _services(home).presigned("https://evidence.oss-cn-hangzhou.aliyuncs.com/disk.gz?Signature=very-secret")
    assert "very-secret" not in source.label


def test_proxies_and_certificates_come_from_the_settings(home):
    network = _services(home, https_proxy="http://proxy:3128", no_proxy="internal").network()
    assert (network.https_proxy, network.no_proxy) == ("http://proxy:3128", "internal")


def test_a_failed_tasks_code_becomes_an_error_with_a_remedy(home):
    error = _services(home).explain_task_failure("NoSetRoletoECSServiceAcount", "no role")
    assert isinstance(error, ImgkitError)
    assert error.message


def test_the_record_names_the_installed_version_of_an_sdk(home):
    assert _services(home).sdk_version("oss2").startswith("2.")
