from dataclasses import replace

from tests.unit.render.sample_subjects import make_containers

from imgkit.model.fact import Fact
from imgkit.render.tables_containers import container_tables, container_words

FOUND = make_containers()


def test_every_list_becomes_a_table():
    assert [title for title, _, _ in container_tables(FOUND, " of x")] == [
        "CONTAINER ENGINES of x: 1",
        "CONTAINERS of x: 1",
        "CONTAINER IMAGES of x: 1",
        "CONTAINER VOLUMES of x: 1",
        "PODS of x: 1",
    ]
    assert list(container_tables(None, "")) == []


def test_how_a_container_ended_is_told_from_one_that_was_never_started():
    (one,) = FOUND.containers.value or ()
    states = {"running": one, "ended with 3": replace(one, running=False, exit_code=3)}
    states |= {
        "never started": replace(one, running=False, started=None, exit_code=None),
        "not kept": replace(one, running=None),
    }
    found = replace(FOUND, containers=Fact.present(tuple(states.values()), sources=()))
    _, heads, rows = list(container_tables(found, ""))[1]
    assert [row[list(heads).index("state")] for row in rows] == list(states)


def test_the_summary_names_the_privileged():
    assert container_words(FOUND) == "1 (1 running), PRIVILEGED: web\x1b[1m, 1 image, 1 pod"
    assert container_words(replace(FOUND, containers=Fact.absent("none there"))) == "docker there, 1 image, 1 pod"
