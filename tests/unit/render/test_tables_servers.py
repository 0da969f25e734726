from dataclasses import replace

from tests.unit.render.sample_subjects import make_servers

from imgkit.model.fact import Fact
from imgkit.render.tables_servers import server_tables, server_words

SERVERS = make_servers()


def test_both_kinds_become_tables():
    assert [title for title, _, _ in server_tables(SERVERS, " of x")] == [
        "WEB SERVERS of x: none (none there)",
        "DATABASES of x: 1",
    ]
    assert list(server_tables(None, "")) == []


def test_the_summary_names_what_is_open_and_what_is_not_known():
    assert server_words(SERVERS) == "redis; redis: it listens everywhere"
    torn = replace(SERVERS, databases=Fact.undetermined("torn"))
    assert server_words(torn) == "could not be determined (torn)"
    assert server_words(replace(SERVERS, databases=Fact.absent())) == ""
