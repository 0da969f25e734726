"""Tests of cli/surroundings.py: flags go before variables, variables before config.toml."""

import os
from datetime import UTC
from pathlib import Path

import pytest

from imgkit.cli.surroundings import now, open_services
from imgkit.errors import SettingsError


@pytest.fixture
def config() -> Path:
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "imgkit" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('region = "of-the-file"\nbucket = "of-the-file"\nexaminer = "of-the-file"\ninternal = true\n')
    return path


def test_flags_go_before_variables_and_these_before_the_file(config, monkeypatch):
    monkeypatch.setenv("IMGKIT_REGION", "of-the-variable")
    monkeypatch.setenv("IMGKIT_BUCKET", "of-the-variable")
    settings = open_services(region="of-the-flag", bucket=None, examiner=None, internal=False).settings
    assert (settings.region, settings.bucket, settings.examiner) == ("of-the-flag", "of-the-variable", "of-the-file")
    assert settings.internal  # a flag that was not given says nothing


def test_a_malformed_file_is_named(config):
    config.write_text("region = ")
    with pytest.raises(SettingsError, match=r"config\.toml"):
        open_services()


def test_nothing_is_contacted_and_nothing_looked_for_yet():
    assert open_services().settings.region == ""


def test_credentials_come_from_this_environment(monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
    assert open_services().environment["ALIBABA_CLOUD_ACCESS_KEY_ID"] == "id"


def test_state_lies_where_the_system_wants_it():
    assert open_services().state_folder == Path(os.environ["XDG_STATE_HOME"]) / "imgkit"


def test_the_clock_is_in_utc():
    assert now().tzinfo is UTC
