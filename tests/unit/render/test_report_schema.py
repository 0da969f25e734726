from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.unit.render.sample_report import make_report

from imgkit.render.report_json import report_document
from imgkit.render.report_schema import report_schema, schema_bytes

PUBLISHED = Path(__file__).parents[3] / "docs/reference/schemas/inspect-1.schema.json"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    return jsonschema.Draft202012Validator(report_schema())


def errors(validator: jsonschema.Draft202012Validator, document: dict[str, Any]) -> list[str]:
    return [error.json_path for error in validator.iter_errors(document)]


def test_a_report_fits_its_schema(validator):
    assert errors(validator, report_document(make_report())) == []


def test_a_field_that_is_not_in_the_schema_is_an_error(validator):
    document = report_document(make_report())
    document["systems"][0]["identity"]["os"]["value"]["extra"] = 1
    assert errors(validator, document)


def test_a_missing_field_is_an_error(validator):
    document = report_document(make_report())
    del document["systems"][0]["accounts"]["users"]["value"][0]["uid"]
    assert errors(validator, document)


@pytest.mark.parametrize(("state", "value"), [("present", None), ("undetermined", "web-1"), ("absent", "web-1")])
def test_a_fact_has_a_value_exactly_if_it_is_present(validator, state, value):
    document = report_document(make_report())
    document["systems"][0]["identity"]["hostname"].update(state=state, value=value)
    assert errors(validator, document)


def test_a_fact_of_the_wrong_kind_is_an_error(validator):
    document = report_document(make_report())
    document["systems"][0]["identity"]["hostname"]["value"] = 5
    assert errors(validator, document)


def test_the_published_schema_is_the_one_of_the_nouns():
    """After a change of the nouns write `schema_bytes()` to the published file, and say so in the change log."""
    assert PUBLISHED.read_bytes() == schema_bytes()
