"""The parts file and reading back against it."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imgkit.digests import crc64
from imgkit.errors import Differs, NotAccessible
from imgkit.transfer.parts_file import PartsRecord, parts_path_of, read_parts_file, verify_parts, write_parts_file
from imgkit.transfer.ranges import ByteRange

CONTENT = random.Random(4).randbytes(250)
RECORD = PartsRecord(
    bucket="bucket",
    key="disk.gz",
    etag="E1",
    size=250,
    part_bytes=100,
    parts=(crc64(CONTENT[:100]), crc64(CONTENT[100:200]), crc64(CONTENT[200:])),
    crc64=crc64(CONTENT),
    service_crc64=None,
    sha256="00",
)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "disk.gz"
    path.write_bytes(CONTENT)
    write_parts_file(parts_path_of(path), RECORD)
    return path


def test_it_lies_beside_the_object() -> None:
    assert parts_path_of(Path("objects/disk.tar.gz")) == Path("objects/disk.tar.gz.parts.json")


def test_it_reads_back_as_it_was_written(target: Path) -> None:
    assert read_parts_file(parts_path_of(target)) == RECORD


def test_it_is_canonical_and_keeps_crcs_as_strings(target: Path) -> None:
    text = parts_path_of(target).read_text()
    told = json.loads(text)
    assert text == json.dumps(told, sort_keys=True, indent=2) + "\n"
    assert (told["schema"], told["service_crc64"]) == ("imgkit/parts/1", None)
    assert all(isinstance(crc, str) for crc in [told["crc64"], *told["parts"]])


def test_a_whole_object_holds(target: Path) -> None:
    verdict = verify_parts(target, parts_path_of(target))
    assert verdict.holds
    assert (verdict.found_size, verdict.found_crc64) == (250, crc64(CONTENT))


def damage_middle(content: bytes) -> bytes:
    return content[:150] + b"\0\0" + content[152:]


@pytest.mark.parametrize(
    ("damage", "differing"),
    [
        (damage_middle, (1,)),
        (lambda content: content[:100], (1, 2)),
        (lambda content: content[:220], (2,)),
        (lambda _: b"", (0, 1, 2)),
    ],
)
def test_parts_that_differ_are_named(
    target: Path, damage: Callable[[bytes], bytes], differing: tuple[int, ...]
) -> None:
    target.write_bytes(damage(CONTENT))
    verdict = verify_parts(target, parts_path_of(target))
    assert not verdict.holds
    assert verdict.differing == differing
    assert verdict.found_crc64 == crc64(damage(CONTENT))


def test_the_ranges_of_differing_parts_are_told(target: Path) -> None:
    target.write_bytes(damage_middle(CONTENT))
    assert verify_parts(target, parts_path_of(target)).differing_ranges == (ByteRange(100, 100),)


def test_a_file_that_is_too_long_does_not_hold(target: Path) -> None:
    target.write_bytes(CONTENT + b"more")
    verdict = verify_parts(target, parts_path_of(target))
    assert not verdict.holds
    assert (verdict.differing, verdict.found_size, verdict.found_crc64) == ((), 254, crc64(CONTENT + b"more"))


def change(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda told: told | fields


@pytest.mark.parametrize(
    "spoil",
    [
        change(schema="imgkit/parts/9"),
        change(parts=["1", "2", "3"]),
        change(parts=[]),
        change(size=-1),
        change(crc64="many"),
        lambda told: {name: value for name, value in told.items() if name != "etag"},
        lambda _: [],
    ],
)
def test_a_damaged_parts_file_is_no_proof(target: Path, spoil: Callable[[Any], Any]) -> None:
    path = parts_path_of(target)
    path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
    with pytest.raises(Differs, match="no intact imgkit/parts/1"):
        verify_parts(target, path)


def test_parts_that_do_not_make_up_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="do not make up"):
        replace(RECORD, crc64=1)


def test_could_not_look_is_not_it_differs(target: Path) -> None:
    target.unlink()
    with pytest.raises(NotAccessible):
        verify_parts(target, parts_path_of(target))
