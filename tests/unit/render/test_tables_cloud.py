from dataclasses import replace

from tests.unit.render.sample_subjects import make_cloud

from imgkit.model.fact import Fact
from imgkit.render.tables_cloud import cloud_tables, cloud_words

CLOUD = make_cloud()


def test_every_list_becomes_a_table():
    titles = [title for title, _, _ in cloud_tables(CLOUD, " of x")]
    assert titles == [
        "CLOUD-INIT of x",
        "INSTANCE DATA of x: 1",
        "STAGES OF CLOUD-INIT of x: 1",
        "RUNS OF CLOUD-INIT of x: 1",
        "AGENTS of x: 1",
        "TRACES OF ECS of x: 1",
        "TIME SERVERS of x: 1",
    ]
    assert list(cloud_tables(None, "")) == []


def test_the_summary_tells_the_instance_and_the_agents():
    assert cloud_words(CLOUD) == "instance i-1, Security Center 12.85, 1 text of user or vendor data"
    unknown = replace(CLOUD, init=Fact.absent(), agents=Fact.undetermined("torn"), data=Fact.absent())
    assert cloud_words(unknown) == "agents: could not be determined (torn)"


def test_cloud_init_that_is_not_there_is_said():
    (first, *_) = cloud_tables(replace(CLOUD, init=Fact.absent("not there")), " of x")
    assert first == ("CLOUD-INIT of x: none (not there)", ("", ""), [])
