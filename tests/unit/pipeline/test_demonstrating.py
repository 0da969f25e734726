"""Tests of pipeline/demonstrating.py: how the rooms are put together, not what each of them does."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import folders, waiting

from imgkit.model.checking import CheckResult
from imgkit.model.formats import DiskFormat
from imgkit.pipeline import demonstrating
from imgkit.pipeline.demonstrating import IMAGE_ID, Demonstration, demonstrate


class Cloud:
    """Stands for the simulator; only what it tells of itself is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> "Cloud":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def describe(self) -> dict[str, str]:
        return {
            "region_id": "cn-hangzhou",
            "bucket": "evidence",
            "ecs_endpoint": "http://127.0.0.1:1",
            "oss_endpoint": "http://127.0.0.1:2",
            "access_key_id": "loopback",
            "access_key_secret": "loopback-secret",
        }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the demo asked of the rooms it puts together."""
    seen: dict[str, Any] = {"made": 0}

    def make(folder: Path, **_: object) -> None:
        seen["made"] += 1
        seen["left"] = sorted(each.name for each in folder.glob("*"))
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("system", "xvdb", "xvdc"):
            (folder / f"{name}.raw").touch()

    def fetch(services: object, request: object, *_: object, **__: object) -> str:
        seen.update(services=services, request=request)
        return "result"

    monkeypatch.setattr(demonstrating, "Simulator", Cloud)
    monkeypatch.setattr(demonstrating, "make_demo_disks", make)
    monkeypatch.setattr(demonstrating, "fetch", fetch)
    monkeypatch.setattr(demonstrating, "check_set", lambda folder, **_: CheckResult(links=(), notes=(str(folder),)))
    return seen


def _demonstrate(tmp_path: Path) -> Demonstration:
    return demonstrate(tmp_path / "demo", folders(tmp_path), waiting(), formats=(DiskFormat.QCOW2,), say=lambda _: None)


def test_the_set_is_fetched_from_the_loopback_alone_and_checked(tmp_path, asked):
    done = _demonstrate(tmp_path)
    assert asked["services"].settings.ecs_endpoint == "http://127.0.0.1:1"
    assert asked["services"].settings.oss_endpoint == "http://127.0.0.1:2"
    assert set(asked["services"].environment) == {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"}
    assert asked["request"].folder == tmp_path / "demo" / IMAGE_ID
    assert done.check.notes == (str(asked["request"].folder),)


def test_disks_that_are_there_are_not_made_again(tmp_path, asked):
    _demonstrate(tmp_path)
    _demonstrate(tmp_path)
    assert asked["made"] == 1


def test_disks_of_an_interrupted_demo_are_begun_anew(tmp_path, asked):
    _demonstrate(tmp_path)
    (tmp_path / "demo" / "cloud" / "images" / IMAGE_ID / "xvdc.raw").unlink()
    _demonstrate(tmp_path)
    assert (asked["made"], asked["left"]) == (2, [])
