"""Tests of cli/sign.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit
from tests.unit.cli.sets import cloud, fetched
from tests.unit.stages.signed_sets import WHEN, stamp

from imgkit.services import Services


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


@pytest.fixture
def _server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Services, "timestamp_server", lambda *_: lambda statement: (stamp(statement), WHEN))


@pytest.mark.usefixtures("_server")
def test_signing_tells_what_was_made_and_how_it_is_verified_without_imgkit(folder: Path):
    ended = imgkit("sign", folder, "--timestamp", "http://tsa.example.com")
    assert ended.code == 0, ended.err
    assert "imgkit.json.signed-1.tsr" in ended.out
    assert "openssl ts -verify" in ended.out
    assert "by the server's clock" in ended.err


@pytest.mark.usefixtures("_server")
def test_the_result_is_one_document(folder: Path):
    ended = imgkit("sign", folder, "--timestamp", "http://tsa.example.com", "--json", "--examiner", "Ada")
    assert list(ended.data["signatures"]) == ["timestamp"]
    assert ended.data["custody_lines"] == 4


def test_with_what_to_sign_must_be_said(folder: Path):
    assert imgkit("sign", folder).code == 4


@pytest.mark.parametrize("url", ["ftp://tsa", "tsa.example.com", "http://user:secret@tsa.example.com/"])
def test_what_is_no_servers_address_is_refused_and_no_password_is_shown(folder: Path, url: str):
    ended = imgkit("sign", folder, "--timestamp", url)
    assert ended.code == 4
    assert "secret" not in ended.err


def test_a_key_that_is_not_there_is_named(folder: Path):
    ended = imgkit("sign", folder, "--key", "nowhere")
    assert (ended.code, "nowhere" in ended.err) == (83, True)
