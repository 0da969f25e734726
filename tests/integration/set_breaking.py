"""Sets that are broken on purpose: one made by a real fetch, copied for each test, and one bit of it changed."""

import json
import shutil
import struct
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from tests.integration.loopback import IMAGE_ID, Loopback, put_image

from imgkit.cli.surroundings import now
from imgkit.evidence.image_set import open_image_set
from imgkit.evidence.measuring import measure_file
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import FileKind, FileRecord
from imgkit.simulator import Simulator

SYSTEM = f"objects/{IMAGE_ID}_system.raw.tar.gz"
XVDB = f"objects/{IMAGE_ID}_data_xvdb.raw.tar.gz"
PARTS = f"{SYSTEM}.parts.json"
REPORT = "report/inspect.json"


def fetch_set(simulator: Simulator, work: Path) -> Loopback:
    """Fetch a machine of two disks as raw and qcow2, and for Azure, which fills disks up to whole MiB."""
    disks = put_image(simulator, work / "disks", {"system": 24, "xvdb": 9})
    cloud = Loopback(simulator=simulator, folder=work, disks=disks)
    done = cloud.imgkit(
        "fetch", IMAGE_ID, "--no-inspect", "--to", "raw", "--to", "qcow2", "--for", "azure", "--part-size", "1"
    )
    assert done.code == 0, done.err
    _add_report(work / IMAGE_ID)
    return cloud


def _add_report(folder: Path) -> None:
    """Record a report as inspecting does; what is in it is nobody's matter here."""
    manifest = json.loads((folder / "imgkit.json").read_text())
    assert manifest["reports"] == []
    (folder / "report").mkdir()
    (folder / REPORT).write_text('{"schema": "imgkit/inspect/1"}\n')
    measured = measure_file(folder / REPORT)
    record = FileRecord(path=PurePosixPath(REPORT), kind=FileKind.REPORT, size=measured.size, sha256=measured.sha256)
    from imgkit.evidence.image_set import read_manifest

    known = read_manifest(folder)
    assert known is not None
    with open_image_set(folder, known.source, custodian=Custodian(), now=now) as image_set:
        image_set.record("inspect", replace(image_set.manifest, reports=(record,)))


@dataclass(frozen=True)
class BrokenSet:
    """A copy of the set in a folder of its own."""

    cloud: Loopback
    folder: Path

    def check(self, *words: str, code: int | None = None) -> Any:
        ended = self.cloud.imgkit("check", str(self.folder), "--json", *words)
        assert code is None or ended.code == code, (ended.code, ended.err)
        return ended.data

    def failed(self, *words: str) -> set[tuple[str, str]]:
        """Which links differ; the command must say so by its exit code."""
        links = self.check(*words, code=60)["links"]
        return {(link["subject"], link["link"]) for link in links if link["outcome"] == "failed"}

    def path(self, name: str) -> Path:
        return self.folder / name

    def flip(self, name: str, at: int, bit: int = 0) -> None:
        """Turn one bit over; a negative place counts from the end."""
        with self.path(name).open("r+b") as file:
            place = at if at >= 0 else file.seek(0, 2) + at
            file.seek(place)
            old = file.read(1)[0]
            file.seek(place)
            file.write(bytes([old ^ 1 << bit]))

    def digests(self) -> dict[str, bytes]:
        """The bytes of every file but the custody, which each command adds a line to."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        names = ((path.relative_to(self.folder).as_posix(), path) for path in files)
        return {name: path.read_bytes() for name, path in names if name != "custody.jsonl"}


def copy_set(cloud: Loopback, target: Path) -> BrokenSet:
    shutil.copytree(cloud.folder / IMAGE_ID, target, symlinks=True)
    return BrokenSet(cloud=cloud, folder=target)


@dataclass(frozen=True)
class Qcow2Places:
    """Where an image's tables and the first block of data lie (QEMU's docs/interop/qcow2.rst)."""

    refcount_of_data: int
    l2_entry: int
    data: int


def places_in_qcow2(path: Path) -> Qcow2Places:
    content = path.read_bytes()

    def number(at: int) -> int:
        return int(struct.unpack_from(">Q", content, at)[0])

    cluster_bits, l1, refcounts = struct.unpack_from(">I", content, 20)[0], number(40), number(48)
    offset = (1 << 56) - (1 << 9)
    l2 = next(number(l1 + 8 * index) & offset for index in range(64) if number(l1 + 8 * index) & offset)
    entry = next(l2 + 8 * index for index in range(1 << cluster_bits - 3) if number(l2 + 8 * index) & offset)
    data = number(entry) & offset
    block = number(refcounts)
    return Qcow2Places(refcount_of_data=block + 2 * (data >> cluster_bits), l2_entry=entry, data=data)
