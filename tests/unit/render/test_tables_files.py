from tests.unit.render.sample_subjects import make_files

from imgkit.model.fact import Fact
from imgkit.model.files import Files
from imgkit.render.tables_files import files_tables, files_words

FACT = Fact.present(make_files(), sources=())
TORN: Fact[Files] = Fact.undetermined("torn")


def test_only_lists_with_something_in_them_become_tables():
    titles = [title for title, _, _ in files_tables(FACT, " of x")]
    assert titles == [
        "PROGRAMS THAT CHANGE THEIR USER OR GROUP of x: 1",
        "HIDDEN PROGRAMS of x: 1",
        "ODD NAMES of x: 900, the first 1 are shown",
        "PROGRAMS THAT BRING RIGHTS of x: 1",
        "NEWEST FILES of x",
    ]


def test_the_summary_names_what_is_not_usual():
    words = "3 entries, 1 set-id (1 of no package), 1 with rights, 1 hidden program, 900 odd names"
    assert files_words(FACT) == words


def test_what_is_not_known_is_said():
    assert [title for title, _, _ in files_tables(TORN, " of x")] == ["FILES of x: could not be determined (torn)"]
    assert list(files_tables(None, "")) == []
    assert files_words(TORN) == "could not be determined"
