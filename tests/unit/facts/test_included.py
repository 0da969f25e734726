from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Nodes, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content
from imgkit.facts.included import expand, read_with_included


def includes(content: Content) -> Iterator[str]:
    return (line.removeprefix("include ") for _, line in content.lines() if line.startswith("include "))


def read(files: Nodes) -> tuple[list[bytes], Gathering]:
    gathering = Gathering(guest_with(files))
    return [one.source.path for one in read_with_included(gathering, b"/e/main", includes, base=b"/e")], gathering


def test_files_are_read_in_the_order_of_their_inclusion_each_once():
    files = {
        "/e/main": "include a\ninclude d/*.conf\ninclude /x/*/y\ninclude gone\n",
        "/e/a": "include main\ninclude b\n",
        "/e/b": "",
        "/e/d/2.conf": "",
        "/e/d/1.conf": "",
        "/e/d/no": "",
        "/x/1/y": "",
        "/x/file": "",
        "/e/d/sub.conf": Folder(),
    }
    assert read(files)[0] == [b"/e/main", b"/e/a", b"/e/b", b"/e/d/1.conf", b"/e/d/2.conf", b"/x/1/y"]


def test_inclusion_without_end_ends_and_is_said():
    files = {f"/e/{at}": f"include {at + 1}\n" for at in range(1000)}
    _, gathering = read({**files, "/e/main": "include 0\n"})
    assert "more files" in gathering.fact((), nothing="").reason or gathering.fact((1,), nothing="").partial


def test_a_pattern_of_many_stars_matches_nothing_rather_than_taking_long():
    guest = guest_with({"/e/" + "a" * 200: b""})
    assert list(expand(Gathering(guest), b"*a" * 20 + b"b", base=b"/e")) == []


@given(st.text(alphabet="include */.[]?a\n\x00", max_size=60))
def test_any_pattern_is_borne(text):
    read({"/e/main": "include " + text, "/e/a": text, "/a": text})


def test_settings_without_end_are_left_out_and_that_is_said():
    found, gathering = read({"/e/main": "include a\ninclude b\n", "/e/a": ";" * 250_000, "/e/b": ""})
    assert found == [b"/e/main"]
    assert gathering.fact((1,), nothing="").notes == (
        "/e/a and what comes after it were left out: there are too many settings",
    )
