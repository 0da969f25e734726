"""A road in memory for every test of this room."""

from pathlib import Path

import pytest
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, XVDB_KEY, Road, archive, finished, services
from tests.unit.stages.cloud_fakes import IMAGE_ID, image, lives


@pytest.fixture
def road(tmp_path: Path) -> Road:
    """An image with a system disk, not yet exported: the export's task is at its end at once."""
    made = Road(folder=tmp_path / "set", services=services(tmp_path / "home"))
    made.cloud.known[IMAGE_ID] = image()
    made.cloud.answers.append("t-1")
    made.cloud.lives = lives([finished()])
    made.store.put(SYSTEM_KEY, archive())
    return made


@pytest.fixture
def two_disks(road: Road) -> Road:
    """The same with a data disk, xvdb."""
    road.cloud.known[IMAGE_ID] = image("xvdb")
    road.store.put(XVDB_KEY, archive(name=b"xvdb.raw"))
    return road
