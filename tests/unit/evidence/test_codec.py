"""Tests of evidence/codec.py."""

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from imgkit.evidence.codec import canonical, from_json, to_json
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.formats import DiskFormat
from imgkit.model.image import CustomImage, DiskMapping
from imgkit.model.manifest import (
    CustodyHead,
    DiskRecord,
    FileKind,
    FileRecord,
    GuestRecord,
    Manifest,
    Outcome,
    Source,
    SourceKind,
    StepRecord,
)
from imgkit.model.role import DiskRole

WHEN = datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC)
BIG = 2**64 - 1
MANIFEST = Manifest(
    created=WHEN,
    imgkit_version="1",
    source=Source(
        kind=SourceKind.IMAGE,
        image_id="m-1",
        image=CustomImage(
            image_id="m-1",
            region_id="cn-hangzhou",
            name="näme",
            tags=(("a", "b"),),
            disks=(DiskMapping(role=DiskRole("xvdb"), device="/dev/xvdb", size_bytes=5),),
        ),
    ),
    disks=(
        DiskRecord(
            role=DiskRole(),
            object=ObjectInfo(bucket="b", key="k", size=7, etag="e", crc64=BIG, last_modified=WHEN),
            guest=GuestRecord(size=1, root="r", sha256="s"),
            files=(
                FileRecord(
                    path=PurePosixPath("objects/x"), kind=FileKind.IMAGE, size=3, sha256="d", format=DiskFormat.VHD
                ),
            ),
        ),
    ),
    missing=(DiskRole("xvdc"),),
    steps=(StepRecord(step="s", started=WHEN, ended=WHEN, outcome=Outcome.UNDETERMINED, tools=(("tar", "1"),)),),
    custody=CustodyHead(lines=1, sha256="h"),
)


def test_a_manifest_is_read_as_it_was_written():
    assert from_json(Manifest, to_json(MANIFEST)) == MANIFEST


def test_the_form_is_canonical():
    text = to_json(MANIFEST)
    assert text == canonical(json.loads(text))
    assert text.endswith(b"}\n")
    assert "näme".encode() in text


def test_numbers_beyond_what_json_readers_hold_are_text():
    assert json.loads(to_json(MANIFEST))["disks"][0]["object"]["crc64"] == str(BIG)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("created",), "yesterday", "created"),
        (("created",), 5, "created"),
        (("source", "kind"), "moon", r"source\.kind"),
        (("disks",), "none", "disks is no list"),
        (("disks", 0, "role"), "../x", r"disks\[0\]\.role"),
        (("disks", 0, "object", "size"), "many", r"object\.size"),
        (("disks", 0, "guest", "root"), 5, r"guest\.root is int"),
        (("steps", 0, "tools"), [["a"]], r"steps\[0\]\.tools"),
        (("surprise",), 1, "unknown fields: surprise"),
    ],
)
def test_what_does_not_fit_is_named(path, value, words):
    plain = json.loads(to_json(MANIFEST))
    place = plain
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=words):
        from_json(Manifest, json.dumps(plain).encode())


def test_a_missing_field_is_named():
    plain = json.loads(to_json(MANIFEST))
    del plain["disks"][0]["object"]["key"]
    with pytest.raises(ValueError, match=r"disks\[0\]\.object\.key is missing"):
        from_json(Manifest, json.dumps(plain).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"5", b"\xff"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  # each kind of damage has words of its own
        from_json(Manifest, text)
