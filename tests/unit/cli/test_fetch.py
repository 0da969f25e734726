"""Tests of cli/fetch.py: from words to a request, and from its result to words."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, XVDB_KEY, FakeServices, Road, archive, finished, services
from tests.unit.stages.cloud_fakes import IMAGE_ID, XVDB, image, lives

from imgkit.model.formats import DiskFormat
from imgkit.model.unpacked import TarEngine
from imgkit.pipeline.request import FetchRequest, Keep
from imgkit.units import MiB

WORDS = ("fetch", IMAGE_ID, "--no-inspect", "--no-preflight", "--tar", "builtin", "--prefix", "case")


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """A cloud in memory with an image of two disks; the command works in a folder of its own."""
    made = Road(folder=tmp_path / IMAGE_ID, services=services(tmp_path / "home"))
    made.cloud.known[IMAGE_ID] = image("xvdb")
    made.cloud.answers.append("t-1")
    made.cloud.lives = lives([finished()])
    made.store.put(SYSTEM_KEY, archive())
    made.store.put(XVDB_KEY, archive())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("imgkit.cli.fetch.open_services", opening(made.services))
    return made


def test_an_image_is_fetched_into_a_folder_of_its_name(road: Road):
    ended = imgkit(*WORDS)
    assert ended.code == 0, ended.err
    assert {"system.raw", "xvdb.raw", "imgkit.json"} <= {each.name for each in road.folder.iterdir()}
    assert f"image set {IMAGE_ID}" in ended.out


def test_run_again_it_says_that_nothing_was_to_be_done(road: Road):
    imgkit(*WORDS)
    assert "finished already" in imgkit(*WORDS).out


def test_what_could_not_be_had_is_done_in_part_and_one_document(road: Road):
    road.store.keys.pop(XVDB_KEY)
    for _ in range(2):
        ended = imgkit(*WORDS, "--json")
        assert ended.code == 3
        assert ended.data["complete"] is False
        assert "disk xvdb is missing" in ended.err
        assert "hint: What is there is proven." in ended.err


def test_a_failure_on_the_way_is_one_document_too(road: Road):
    ended = imgkit("fetch", "m-2zenosuchimage0000", "--json")
    assert (ended.code, ended.data["error"]["kind"]) == (15, "NoSuchImageOrTask")


def test_a_plan_spends_nothing_and_writes_nothing(road: Road):
    road.store.keys.clear()
    ended = imgkit("fetch", IMAGE_ID, "--plan")
    assert ended.code == 0
    assert "billed" in ended.out
    assert not road.folder.exists()
    assert not road.cloud.sent


def test_a_plan_that_is_refused_has_the_code_of_the_refusal(road: Road):
    road.cloud.known[IMAGE_ID] = image(os_type="windows")
    road.store.keys.clear()
    ended = imgkit("fetch", IMAGE_ID, "--plan", "--json")
    assert ended.code == 12
    assert "refusal" in {each["severity"] for each in ended.data["findings"]}


def test_who_is_at_work_is_in_the_custody(road: Road):
    road.services.settings = road.services.settings.override(examiner="E of the settings")
    imgkit(*WORDS, "--case", "C", "--reason", "R")
    line = (road.folder / "custody.jsonl").read_text().splitlines()[0]
    assert all(json.dumps(word) in line for word in ("E of the settings", "C", "R"))


@dataclass
class Asked:
    """What the pipeline was asked for."""

    requests: list[FetchRequest] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)
    services: list[FakeServices] = field(default_factory=list)


class Enough(Exception):  # no error: the request is all that is wanted
    pass


@pytest.fixture
def asked(road: Road, monkeypatch: pytest.MonkeyPatch) -> Asked:
    seen = Asked()

    def keep(services: FakeServices, request: FetchRequest, waiting: Any, **_: object) -> None:
        seen.requests.append(request)
        seen.timeouts.append(waiting.timeout_seconds)
        seen.services.append(services)
        raise Enough

    monkeypatch.setattr("imgkit.cli.fetch.fetch_set", keep)
    return seen


def _request(asked: Asked, *words: str) -> FetchRequest:
    imgkit("fetch", IMAGE_ID, *words)
    return asked.requests[-1]


def test_without_options_everything_is_proven_inspected_and_kept(asked: Asked):
    request = _request(asked)
    assert (request.formats, set(request.keep)) == ((DiskFormat.RAW,), {Keep.OBJECTS, Keep.IMAGES})
    assert (request.preflight, request.inspect, request.verify) == (True, True, True)
    assert (request.reuse, request.restore, request.tar_engine) == (False, False, TarEngine.AUTO)
    assert (request.folder, request.image_format) == (Path(IMAGE_ID), None)


def test_every_option_reaches_the_request(asked: Asked):
    request = _request(
        asked, "--to", "qcow2", "--to", "vhd", "--keep", "raw,images", "--format", "vhd", "--disk", "xvdb=k",
        "--reuse", "--restore", "--no-verify", "--jobs", "3", "--part-size", "4", "-o", "elsewhere",
        "--timeout", "9",
    )  # fmt: skip
    assert (request.formats, set(request.keep)) == ((DiskFormat.QCOW2, DiskFormat.VHD), {Keep.RAW, Keep.IMAGES})
    assert (request.image_format, request.assigned) == (DiskFormat.VHD, {XVDB: "k"})
    assert (request.reuse, request.restore, request.verify) == (True, True, False)
    assert (request.transfer.jobs, request.transfer.part_bytes) == (3, 4 * MiB)
    assert request.folder == Path("elsewhere")
    assert asked.timeouts == [9.0]


def test_flags_of_the_cloud_reach_the_services(asked: Asked):
    _request(asked, "--region", "eu-central-1", "--internal", "--role-name", "OurRole", "--profile", "p")
    settings = asked.services[-1].settings
    assert (settings.region, settings.internal, settings.role_name, settings.profile) == (
        "eu-central-1",
        True,
        "OurRole",
        "p",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--keep", "everything"), 4), (("--disk", "xvdb"), 4), (("--to", "iso"), 2), (("--jobs", "0"), 2)],
)
def test_wrong_words_are_refused_before_anything_is_asked(asked: Asked, words, code):
    ended = imgkit("fetch", IMAGE_ID, *words)
    assert ended.code == code
    assert not asked.requests
