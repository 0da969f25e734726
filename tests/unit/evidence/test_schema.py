"""Tests of evidence/schema.py."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from tests.unit.evidence.test_codec import MANIFEST
from tests.unit.evidence.test_lone import RECORD

from imgkit.evidence.codec import to_json
from imgkit.evidence.custody import append_custody
from imgkit.evidence.schema import published_schemas
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import CustodyHead
from imgkit.model.signing import SignedFile, Statement

PUBLISHED = Path(__file__).parents[3] / "docs/reference/schemas"


def _schema(name: str) -> dict[str, object]:
    schema: dict[str, object] = json.loads(published_schemas()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize("name", sorted(published_schemas()))
def test_what_is_published_is_what_the_nouns_say(name):
    assert (PUBLISHED / name).read_bytes() == published_schemas()[name], "run scripts/make-schemas"


def test_a_full_manifest_fits():
    jsonschema.validate(json.loads(to_json(MANIFEST)), _schema("manifest-1.schema.json"))


@pytest.mark.parametrize(
    ("path", "value"),
    [(("schema",), "imgkit/manifest/2"), (("disks", 0, "role"), "../x"), (("disks", 0, "object", "crc64"), 5),
     (("surprise",), 1), (("steps", 0, "tools", 0), ["only one"])],
)  # fmt: skip
def test_what_does_not_belong_there_does_not_fit(path, value):
    plain = json.loads(to_json(MANIFEST))
    place = plain
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, _schema("manifest-1.schema.json"))


def test_a_lone_record_fits():
    jsonschema.validate(json.loads(to_json(RECORD)), _schema("file-1.schema.json"))


def test_a_custody_line_fits(tmp_path):
    append_custody(tmp_path / "c", "check", custodian=Custodian(), now=datetime.now(UTC), subject={"a": 1})
    jsonschema.validate(json.loads((tmp_path / "c").read_text()), _schema("custody-1.schema.json"))


def test_a_statement_fits():
    file = SignedFile(name="imgkit.json", size=1, sha256="a" * 64)
    head = CustodyHead(lines=1, sha256="b" * 64)
    made = Statement(time=datetime.now(UTC), manifest=file, sums=file, custody=head, custody_begin="c" * 64)
    jsonschema.validate(json.loads(to_json(made)), _schema("statement-1.schema.json"))
