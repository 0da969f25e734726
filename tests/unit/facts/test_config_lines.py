from tests.unit.facts.tree import File, guest_with

from imgkit.facts import config_lines
from imgkit.facts.config_lines import by_name, remark_odd_files, whole_lines
from imgkit.facts.gathering import Gathering


def test_a_backslash_takes_in_the_next_line():
    look = Gathering(guest_with({"/x": "# c\na \\\n b\n\nc\nlast \\"}))
    assert list(whole_lines(look, b"/x")) == [(2, "a  b"), (5, "c"), (6, "last")]


def test_of_one_name_the_first_folder_holds():
    look = Gathering(guest_with({"/a/2.conf": "", "/b/2.conf": "", "/b/1.conf": "", "/b/x": ""}))
    assert [found.path for found in by_name(look, (b"/a", b"/b"), suffix=b".conf")] == [b"/b/1.conf", b"/a/2.conf"]


def test_lines_without_a_kind_are_left_out_and_habits_named():
    look = Gathering(guest_with({"/x": "a\nb /tmp/x\n"}))
    lines = list(config_lines.config_lines(look, [b"/x"], lambda _, line: "kind" if line > "b" else ""))
    assert [(line.line, line.kind, line.text) for line in lines] == [(2, "kind", "b /tmp/x")]
    assert "/tmp" in look.fact(tuple(lines), nothing="").remarks[0]


def test_lines_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(config_lines, "MOST_LINES", 1)
    look = Gathering(guest_with({"/x": "a\nb\n"}))
    lines = tuple(config_lines.config_lines(look, [b"/x"], lambda _path, _line: "k"))
    assert (len(lines), look.fact(lines, nothing="").notes) == (1, ("only the first 1 lines are given",))


def test_files_that_others_may_change_are_named():
    look = Gathering(guest_with({"/d/x": File(b"", mode=0o666)}))
    remark_odd_files(look, "the file", look.names(b"/d"))
    assert look.fact((1,), nothing="").remarks == ("the file /d/x: everyone may write it",)
