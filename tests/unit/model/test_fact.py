from dataclasses import replace

from imgkit.model.fact import Fact, FactState, Source, facts_within
from imgkit.model.packages import PackageDatabases

SOURCE = Source(tree="system:1", path=b"/etc/x", sha256="00", size=7)


def test_a_present_fact_is_whole_unless_something_cut_it_short():
    assert not Fact.present("x", sources=(SOURCE,)).partial
    short = Fact.present("x", sources=(replace(SOURCE, truncated=True),))
    assert short.partial
    assert short.notes == ("only the first 7 bytes of /etc/x were read",)


def test_absent_and_undetermined_have_no_value_and_differ():
    absent: Fact[str] = Fact.absent("none")
    unknown: Fact[str] = Fact.undetermined("torn")
    assert (absent.state, absent.value, absent.reason) == (FactState.ABSENT, None, "none")
    assert (unknown.state, unknown.value, unknown.reason) == (FactState.UNDETERMINED, None, "torn")


def test_facts_are_found_with_the_way_to_them():
    databases = PackageDatabases(
        dpkg=Fact.absent(), rpm=Fact.absent(), apk=Fact.absent(), repositories=Fact.absent(), bundles=Fact.absent()
    )
    assert [where for where, _ in facts_within(databases, "packages")] == [
        "packages/dpkg",
        "packages/rpm",
        "packages/apk",
        "packages/repositories",
        "packages/bundles",
    ]
