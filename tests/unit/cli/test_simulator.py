"""Tests of cli/simulator.py."""

import json
import signal
from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit

EXPECTED = {"ecs_endpoint", "oss_endpoint", "access_key_id", "access_key_secret", "region_id", "bucket"}


def test_where_it_answers_is_one_line_of_json_and_ctrl_c_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(signal, "pause", ctrl_c)
    ended = imgkit("simulator", "--root", tmp_path)
    assert ended.code == 130
    assert len(ended.out.splitlines()) == 1
    told = json.loads(ended.out)
    assert set(told) >= EXPECTED
    assert told["ecs_endpoint"].startswith("127.0.0.1:")
    assert "until Ctrl-C" in ended.err
