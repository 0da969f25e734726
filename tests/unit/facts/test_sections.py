import hashlib

from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.guest import Content
from imgkit.facts.sections import Section, parse_sections
from imgkit.model.fact import Source


def content(data: bytes | str, path: bytes = b"/x") -> Content:
    data = data.encode() if isinstance(data, str) else data
    digest = hashlib.sha256(data).hexdigest()
    return Content(data=data, source=Source(tree="system:1", path=path, sha256=digest, size=len(data)))


def sections(data: bytes | str) -> list[Section]:
    return list(parse_sections(content(data)))


def test_settings_belong_to_their_section_and_names_are_small():
    found = sections("a=1\n# no\n; no\n[One]\nKey = v=w\nkey=2\n[Two]\n")
    assert [(one.name, one.line, one.settings) for one in found] == [
        ("", 0, {"a": ["1"]}),
        ("One", 4, {"key": ["v=w", "2"]}),
        ("Two", 7, {}),
    ]
    assert (found[1].last("KEY"), found[1].all("key"), found[1].last("none", "x")) == ("2", ("v=w", "2"), "x")


def test_an_indented_line_goes_on_with_the_value_before():
    assert sections("[r]\nbaseurl=http://a\n  http://b\nnonsense\n  lost")[0].settings == {
        "baseurl": ["http://a", "http://b"]
    }


@given(st.binary(max_size=300))
def test_any_bytes_are_borne(data):
    sections(data)
