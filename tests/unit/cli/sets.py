"""Image sets made in memory's cloud, for the commands that work on one."""

from pathlib import Path

from tests.unit.pipeline.road_fakes import SOURCE, SYSTEM_KEY, FakeServices, archive, finished, services, waiting
from tests.unit.stages.cloud_fakes import IMAGE_ID, image, lives

from imgkit.model.custodian import Custodian
from imgkit.model.unpacked import TarEngine
from imgkit.pipeline.fetching import fetch
from imgkit.pipeline.request import FetchRequest


def cloud(home: Path) -> FakeServices:
    """Services that know one image with one disk, exported."""
    made = services(home)
    made.fake_cloud.known[IMAGE_ID] = image()
    made.fake_cloud.answers.append("t-1")
    made.fake_cloud.lives = lives([finished()])
    made.fake_store.put(SYSTEM_KEY, archive())
    return made


def fetched(folder: Path, made: FakeServices) -> Path:
    """A whole set of that image."""
    request = FetchRequest(source=SOURCE, folder=folder, preflight=False, inspect=False, tar_engine=TarEngine.BUILTIN)
    fetch(made, request, waiting(), custodian=Custodian(), say=lambda _: None)
    return folder
