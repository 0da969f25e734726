"""For every link of the chain: exactly that link is broken, and `imgkit check` names exactly it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.loopback import Loopback
from tests.integration.set_breaking import (
    PARTS,
    REPORT,
    SYSTEM,
    XVDB,
    BrokenSet,
    copy_set,
    fetch_set,
    places_in_qcow2,
)

from imgkit.simulator import Simulator
from imgkit.units import MiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd", "tar")

RECORDED = "size and digests as recorded"
PARTS_CRC = "CRC-64 of its parts, combined"
GUEST = "guest view"
STRUCTURE = "structure (qemu-img check)"
INSIDE = "gzip CRC-32 and length, tar size"


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    root = tmp_path_factory.mktemp("cloud")
    with Simulator(root) as simulator:
        yield fetch_set(simulator, tmp_path_factory.mktemp("work"))


@pytest.fixture
def broken(fetched: Loopback, tmp_path: Path) -> BrokenSet:
    return copy_set(fetched, tmp_path / "set")


def test_what_nobody_touched_holds_in_every_link_by_either_depth(broken: BrokenSet) -> None:
    assert broken.check(code=0)["held"]
    deep = broken.check("--deep", code=0)
    again = [link for link in deep["links"] if link["link"] == "the disk in it, unpacked again"]
    assert [link["disk"] for link in again] == ["system", "xvdb"]


def test_checking_leaves_every_file_but_the_custody_as_it_is(broken: BrokenSet) -> None:
    before = broken.digests()
    broken.check("--deep", code=0)
    assert broken.digests() == before


def test_one_bit_of_an_archive(broken: BrokenSet) -> None:
    broken.flip(SYSTEM, 2 * MiB + 17)
    assert broken.failed() == {(SYSTEM, RECORDED), (SYSTEM, PARTS_CRC)}
    (parts,) = [link for link in broken.check()["links"] if link["link"] == PARTS_CRC and link["outcome"] == "failed"]
    assert f"bytes {2 * MiB}-{3 * MiB - 1}" in parts["detail"]


def test_one_bit_of_the_length_that_gzip_keeps_at_its_end(broken: BrokenSet) -> None:
    broken.flip(SYSTEM, -1)
    assert broken.failed() == {(SYSTEM, RECORDED), (SYSTEM, PARTS_CRC), (SYSTEM, INSIDE)}


def test_unpacked_again_in_memory_a_damaged_archive_is_damaged(broken: BrokenSet) -> None:
    broken.flip(SYSTEM, 2 * MiB + 17)
    assert (SYSTEM, "the disk in it, unpacked again") in broken.failed("--deep")


def test_one_bit_of_a_raw_disk(broken: BrokenSet) -> None:
    broken.flip("system.raw", 5 * MiB + 1)
    assert broken.failed() == {("system.raw", GUEST)}
    (link,) = [link for link in broken.check()["links"] if link["outcome"] == "failed"]
    assert f"at byte {4 * MiB}" in link["detail"]
    assert broken.failed("--deep") == {("system.raw", GUEST), ("system.raw", "SHA-256 of all its bytes")}


def test_one_bit_in_a_hole_of_a_raw_disk(broken: BrokenSet) -> None:
    broken.flip("system.raw", 20 * MiB)
    assert broken.failed() == {("system.raw", GUEST)}


def test_one_bit_of_the_data_in_a_qcow2(broken: BrokenSet) -> None:
    broken.flip("system.qcow2", places_in_qcow2(broken.path("system.qcow2")).data + 100)
    assert broken.failed() == {("system.qcow2", RECORDED), ("system.qcow2", GUEST)}


def test_one_bit_of_the_reference_counts_of_a_qcow2(broken: BrokenSet) -> None:
    broken.flip("system.qcow2", places_in_qcow2(broken.path("system.qcow2")).refcount_of_data + 1)
    assert broken.failed() == {("system.qcow2", RECORDED), ("system.qcow2", STRUCTURE)}


def test_one_bit_of_the_table_of_blocks_of_a_qcow2(broken: BrokenSet) -> None:
    place = places_in_qcow2(broken.path("system.qcow2")).l2_entry
    broken.flip("system.qcow2", place + 5, bit=0)  # the block lies one cluster further on
    found = broken.failed()
    assert {subject for subject, _ in found} == {"system.qcow2"}
    assert {RECORDED, GUEST} <= {link for _, link in found}


def test_one_bit_of_an_image_for_a_hypervisor_be_it_in_the_disk_or_behind_it(broken: BrokenSet) -> None:
    broken.flip("xvdb.azure.vhd", 2 * MiB)
    assert broken.failed() == {("xvdb.azure.vhd", RECORDED), ("xvdb.azure.vhd", GUEST)}
    broken.flip("xvdb.azure.vhd", 2 * MiB)
    broken.flip("xvdb.azure.vhd", -300)  # reserved, in the footer
    assert ("xvdb.azure.vhd", RECORDED) in broken.failed()


def test_one_bit_of_the_chunk_digests(broken: BrokenSet) -> None:
    broken.flip("digests/xvdb.chunks", 140)
    name = "digests/xvdb.chunks"
    assert broken.failed() == {(name, RECORDED), (name, "root of the chunk digests")}


def test_one_bit_of_a_report(broken: BrokenSet) -> None:
    broken.flip(REPORT, 4)
    assert broken.failed() == {(REPORT, RECORDED)}


def _edit(path: Path, edit: Callable[[Any], object]) -> None:
    told = json.loads(path.read_text())
    edit(told)
    path.write_text(json.dumps(told, sort_keys=True, ensure_ascii=False, indent=2) + "\n")


def test_a_parts_file_that_contradicts_itself(broken: BrokenSet) -> None:
    _edit(broken.path(PARTS), lambda told: told["parts"].__setitem__(2, "1"))
    assert broken.failed() == {(PARTS, RECORDED)}
    links = {(link["subject"], link["link"]): link for link in broken.check()["links"]}
    assert links[SYSTEM, PARTS_CRC]["outcome"] == "undetermined"


def test_a_parts_file_of_another_object(broken: BrokenSet) -> None:
    _edit(broken.path(PARTS), lambda told: told.update(etag="0123456789ABCDEF0123456789ABCDEF-3"))
    assert broken.failed() == {(PARTS, RECORDED), (PARTS, "is the parts file of this object")}


def test_one_word_of_the_manifest(broken: BrokenSet) -> None:
    _edit(broken.path("imgkit.json"), lambda told: told["source"].update(region_id="cn-beijing"))
    assert broken.failed() == {("imgkit.json", "as its custody line says")}


def test_a_manifest_that_is_none_any_more(broken: BrokenSet) -> None:
    broken.flip("imgkit.json", 0, bit=6)
    ended = broken.cloud.imgkit("check", str(broken.folder))
    assert ended.code == 60
    assert "imgkit.json cannot be read" in ended.err


def test_a_crc_in_the_manifest_that_the_service_never_named(broken: BrokenSet) -> None:
    _edit(broken.path("imgkit.json"), lambda told: told["disks"][0]["object"].update(crc64="1"))
    assert (SYSTEM, "CRC-64 as the service named it") in broken.failed()


def test_one_bit_of_a_line_of_custody(broken: BrokenSet) -> None:
    broken.flip("custody.jsonl", 30)
    assert {subject for subject, _ in broken.failed()} == {"custody.jsonl"}


def test_lines_of_custody_in_another_order(broken: BrokenSet) -> None:
    lines = broken.path("custody.jsonl").read_bytes().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    broken.path("custody.jsonl").write_bytes(b"".join(lines))
    assert ("custody.jsonl", "chain of lines") in broken.failed()


def test_custody_cut_off_before_the_line_of_the_manifest(broken: BrokenSet) -> None:
    lines = broken.path("custody.jsonl").read_bytes().splitlines(keepends=True)
    broken.path("custody.jsonl").write_bytes(b"".join(lines[:2]))
    assert ("custody.jsonl", "extends the head in the manifest") in broken.failed()


def test_one_digit_of_the_sums(broken: BrokenSet) -> None:
    broken.flip("SHA256SUMS", 3)
    assert {subject for subject, _ in broken.failed()} == {"SHA256SUMS"}


@pytest.mark.parametrize(
    "name", [SYSTEM, PARTS, "system.raw", "system.qcow2", "xvdb.azure.vhd", "digests/system.chunks", REPORT]
)
def test_a_file_that_is_missing(broken: BrokenSet, name: str) -> None:
    broken.path(name).unlink()
    assert {subject for subject, _ in broken.failed()} == {name}


def test_a_file_that_was_added_is_named_and_breaks_nothing(broken: BrokenSet) -> None:
    broken.path("objects/another.raw.tar.gz").write_bytes(b"from nowhere")
    found = broken.check(code=0)
    assert [note for note in found["notes"] if "objects/another.raw.tar.gz" in note]


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("system.raw", "xvdb.raw", ("it is disk xvdb", "it is disk system")),
        ("system.qcow2", "xvdb.qcow2", ("it is disk xvdb", "it is disk system")),
        (SYSTEM, XVDB, (f"these are the bytes of {XVDB}", f"these are the bytes of {SYSTEM}")),
        ("digests/system.chunks", "digests/xvdb.chunks", ("xvdb.chunks", "system.chunks")),
    ],
)
def test_a_file_swapped_with_another_disks(broken: BrokenSet, one: str, other: str, words: tuple[str, str]) -> None:
    aside = broken.path("aside")
    shutil.move(broken.path(one), aside)
    shutil.move(broken.path(other), broken.path(one))
    shutil.move(aside, broken.path(other))
    assert {subject for subject, _ in broken.failed()} == {one, other}
    details = {link["subject"]: "" for link in broken.check()["links"]}
    for link in broken.check()["links"]:
        details[link["subject"]] += link["detail"]
    assert words[0] in details[one]
    assert words[1] in details[other]


@pytest.mark.tools("sha256sum")
def test_a_file_of_sums_is_held_as_sha256sum_would(broken: BrokenSet) -> None:
    sums = str(broken.path("SHA256SUMS"))
    assert broken.cloud.imgkit("check", sums).code == 0
    broken.flip("system.raw", 5 * MiB)
    ended = broken.cloud.imgkit("check", sums, "--json")
    assert ended.code == 60
    assert [link["subject"] for link in ended.data["links"] if link["outcome"] == "failed"] == ["system.raw"]


@pytest.mark.parametrize("name", [SYSTEM, "system.raw", "system.qcow2"])
def test_one_file_of_a_set_by_itself(broken: BrokenSet, name: str) -> None:
    assert broken.cloud.imgkit("check", str(broken.path(name))).code == 0
    broken.flip(name, 3 * MiB)
    assert broken.cloud.imgkit("check", str(broken.path(name))).code == 60
