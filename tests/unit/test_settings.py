"""Tests of settings.py."""

from pathlib import Path

import pytest

from imgkit.errors import SettingsError
from imgkit.settings import Settings, find_folders, load_settings


def _config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_without_anything_everything_is_left_open(tmp_path):
    assert load_settings({}, tmp_path / "none.toml") == Settings()


def test_the_environment_wins_over_the_file_and_flags_over_both(tmp_path):
    config = _config(tmp_path, 'region = "cn-beijing"\nbucket = "from-file"\nprofile = "work"\n')
    settings = load_settings({"IMGKIT_BUCKET": "from-env", "IMGKIT_PROFILE": "env"}, config).override(profile="flag")
    assert (settings.region, settings.bucket, settings.profile) == ("cn-beijing", "from-env", "flag")


def test_flags_that_were_not_given_change_nothing():
    assert Settings(region="a", cname=True).override(region=None, cname=False, bucket="") == Settings(
        region="a", cname=True
    )


@pytest.mark.parametrize(("word", "value"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_switches_are_read_from_the_environment(tmp_path, word, value):
    assert load_settings({"IMGKIT_INTERNAL": word}, tmp_path / "none").internal is value


@pytest.mark.parametrize("text", ["region = 5", "colour = 'red'", "region = ", "cname = 'yes'"])
def test_bad_settings_are_refused_by_name(tmp_path, text):
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load_settings({}, _config(tmp_path, text))


def test_a_switch_that_is_neither_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="IMGKIT_CNAME"):
        load_settings({"IMGKIT_CNAME": "maybe"}, tmp_path / "none")


def test_the_usual_proxy_variables_count_where_ours_say_nothing(tmp_path):
    settings = load_settings({"HTTPS_PROXY": "http://proxy:3128", "IMGKIT_NO_PROXY": "x"}, tmp_path / "none")
    assert (settings.https_proxy, settings.no_proxy) == ("http://proxy:3128", "x")


def test_folders_follow_xdg_and_ignore_relative_paths():
    folders = find_folders({"XDG_STATE_HOME": "/state", "XDG_CACHE_HOME": "cache"}, Path("/home/me"))
    assert (folders.state, folders.cache, folders.config) == (
        Path("/state/imgkit"),
        Path("/home/me/.cache/imgkit"),
        Path("/home/me/.config/imgkit"),
    )
