from imgkit.model.fact import Fact
from imgkit.render.titles import decode, list_title, state_words, unknown_words


def test_none_nothing_known_and_an_empty_list_are_told_apart():
    assert list_title("X", Fact.absent("no file")) == "X: none (no file)"
    assert list_title("X", Fact.undetermined("torn")) == "X: could not be determined (torn)"
    assert list_title("X", Fact.present((), sources=())) == "X: 0"
    assert list_title("X", Fact.present((1,), partial=True, sources=())) == "X: 1, incomplete"
    assert state_words(Fact.absent()) == "none"


def test_bytes_that_are_no_text_survive():
    assert decode(b"\xff").encode("utf-8", "surrogateescape") == b"\xff"


def test_nobody_knowing_is_said_and_nothing_being_there_is_not():
    assert unknown_words(Fact.undetermined("torn"), "keys") == ("keys: could not be determined (torn)",)
    assert unknown_words(Fact.undetermined("torn")) == ("could not be determined (torn)",)
    assert unknown_words(Fact.absent("none there"), "keys") == ()
