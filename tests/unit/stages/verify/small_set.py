"""A small set made by the whole road in memory, with one disk, and ways to break it."""

from pathlib import Path

from tests.unit.cli.sets import cloud, fetched
from tests.unit.pipeline.road_fakes import SYSTEM_KEY, FakeServices

from imgkit.evidence.image_set import read_manifest
from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import Manifest, Outcome
from imgkit.progress import NULL_PROGRESS
from imgkit.stages.verify.links import Job

ARCHIVE = f"objects/{SYSTEM_KEY}"
PARTS = f"{ARCHIVE}.parts.json"


def small_set(place: Path) -> tuple[Path, FakeServices]:
    services = cloud(place / "home")
    return fetched(place / "set", services), services


def manifest_of(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    assert manifest is not None
    return manifest


def flip(path: Path, at: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def outcomes(*jobs: Job) -> list[LinkOutcome]:
    return [link for job in jobs for link in job.look(NULL_PROGRESS)]


def broken(links: list[LinkOutcome]) -> set[str]:
    """The links that differ."""
    return {link.link for link in links if link.outcome is Outcome.FAILED}
