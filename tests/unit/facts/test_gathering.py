from tests.unit.facts.tree import Folder, Link, Shut, guest_with

from imgkit.facts import gathering
from imgkit.facts.gathering import Gathering
from imgkit.model.fact import Fact, FactState


def test_what_is_not_there_is_nothing_and_what_is_shut_is_lacking():
    look = Gathering(guest_with({"/b": "b", "/a": "a", "/shut": Shut("torn")}))
    assert [look.read(path) is not None for path in (b"/b", b"/a", b"/gone", b"/shut")] == [True, True, False, False]
    fact = look.fact((1,), nothing="none")
    assert (fact.partial, [source.path for source in fact.sources]) == (True, [b"/a", b"/b"])
    assert "torn" in fact.notes[0]


def test_nothing_at_all_is_absent_and_nothing_readable_is_undetermined():
    assert Gathering(guest_with({})).fact((), nothing="no such file").reason == "no such file"
    look = Gathering(guest_with({"/shut": Shut("torn")}))
    assert look.read(b"/shut") is None
    assert look.fact((), nothing="none").state is FactState.UNDETERMINED


def test_a_file_without_anything_in_it_is_present_and_empty():
    look = Gathering(guest_with({"/empty": ""}))
    look.read(b"/empty")
    assert look.fact((), nothing="none").value == ()


def test_a_folder_gives_its_names_with_their_paths_and_no_folders():
    look = Gathering(guest_with({"/d/b.conf": "", "/d/a.conf": Link(b"x"), "/d/sub.conf": Folder(), "/d/c": ""}))
    assert [found.path for found in look.names(b"/d", suffix=b".conf")] == [b"/d/a.conf", b"/d/b.conf"]
    assert list(look.names(b"/gone")) == []
    assert (look.stat(b"/d/a.conf") is not None, look.stat(b"/gone"), look.link_target(b"/d/a.conf")) == (
        True,
        None,
        b"x",
    )


def test_a_folder_that_is_shut_is_lacking():
    look = Gathering(guest_with({"/d": Shut("torn")}))
    assert look.folder(b"/d") == ()
    assert "torn" in look.fact((), nothing="none").reason


def test_too_much_is_left_out_and_said():
    look = Gathering(guest_with({"/a": "aaaa", "/b": "b"}), most_bytes=3)
    assert look.read(b"/a") is not None
    assert look.read(b"/b") is None
    assert "left out" in look.fact((), nothing="").notes[0]
    few = Gathering(guest_with({"/a": "a", "/b": "b"}), most_files=1)
    assert [few.read(path) is None for path in (b"/a", b"/b")] == [False, True]


def test_words_are_said_once_and_not_without_end():
    look = Gathering(guest_with({"/a": ""}))
    look.read(b"/a")
    for number in range(60):
        look.lack_line(b"/a", number, "is odd")
        look.remark("the same")
    look.remark("runs x --password hunter2")
    fact: Fact[tuple[str, ...]] = look.fact((), nothing="")
    assert (len(fact.notes), fact.notes[0], fact.notes[-1]) == (51, "/a line 0: is odd", "and 10 more of this kind")
    assert fact.remarks == ("the same", "runs x --password ***")


def test_a_file_of_nothing_but_odd_lines_ends_early(monkeypatch):
    monkeypatch.setattr(gathering, "MOST_ODD_LINES", 2)
    look = Gathering(guest_with({"/a": "x\n" * 10}))
    content = look.read(b"/a")
    for number, _ in look.lines(content):
        look.lack_line(b"/a", number, "is odd")
    assert look.fact((1,), nothing="").notes[-1] == "/a: lines from 4 on were left out"
    monkeypatch.setattr(gathering, "MOST_LINES", 5)
    assert len(list(Gathering(guest_with({})).lines(content))) == 5
    assert list(look.lines(None)) == []


def test_folders_are_not_listed_without_end():
    look = Gathering(guest_with({f"/d/{number}": "" for number in range(5)}))
    look.list_at_most(7)
    assert [len(look.folder(b"/d")) for _ in range(3)] == [5, 5, 0]
    assert "the rest was left out" in look.fact((), nothing="").reason


def test_of_too_many_the_first_are_given_and_that_is_said():
    look = Gathering(guest_with({}))
    assert look.first(iter("abc"), 3, "letters") == ("a", "b", "c")
    assert look.first(iter("abc"), 2, "letters") == ("a", "b")
    assert look.fact((1,), nothing="").notes == ("only the first 2 letters are given",)
