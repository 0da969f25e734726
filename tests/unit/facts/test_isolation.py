import logging

import pytest

from imgkit.errors import NeedsKey, ToolFailed
from imgkit.facts.isolation import determine, diagnostics_of
from imgkit.model.fact import Fact, FactState
from imgkit.model.packages import PackageDatabases
from imgkit.model.report import DiagnosticLevel


def raising(error: BaseException):
    def collector() -> Fact[str]:
        raise error

    return collector


def test_what_is_found_is_given_on():
    assert determine(lambda: Fact.present("x", sources=())).value == "x"


@pytest.mark.parametrize("error", [NeedsKey("it is encrypted"), ToolFailed("it is encrypted")])
def test_what_could_not_be_read_is_undetermined_for_its_reason(error):
    fact = determine(raising(error))
    assert (fact.state, fact.reason) == (FactState.UNDETERMINED, "it is encrypted")


def test_a_failure_of_this_machine_says_so():
    assert "No space left" in determine(raising(OSError(28, "No space left on device"))).reason


def test_a_bug_is_undetermined_and_quotes_nothing_of_the_disk(caplog):
    caplog.set_level(logging.DEBUG)
    fact = determine(raising(KeyError("$6$salt$secret")))
    assert fact.state is FactState.UNDETERMINED
    assert "KeyError at test_isolation.py:" in fact.reason
    assert "secret" not in fact.reason + caplog.text


def test_an_interruption_is_not_caught():
    with pytest.raises(KeyboardInterrupt):
        determine(raising(KeyboardInterrupt()))


def test_facts_tell_of_themselves_where_they_stand():
    databases = PackageDatabases(
        dpkg=Fact.present((), partial=True, notes=("torn",), sources=()),
        rpm=Fact.undetermined("no room"),
        apk=Fact.present((), notes=("odd",), sources=()),
        repositories=Fact.absent(),
        bundles=Fact.absent(),
    )
    assert [(one.subject, one.level, one.message) for one in diagnostics_of(databases, "packages")] == [
        ("packages/dpkg", DiagnosticLevel.UNDETERMINED, "torn"),
        ("packages/rpm", DiagnosticLevel.UNDETERMINED, "no room"),
        ("packages/apk", DiagnosticLevel.NOTE, "odd"),
    ]


def test_what_stands_out_is_a_remark_whether_or_not_something_is_lacking():
    fact = Fact.present(1, partial=True, notes=("torn",), remarks=("user id 0 is shared",), sources=())
    assert [(one.level, one.message) for one in diagnostics_of(fact, "s")] == [
        (DiagnosticLevel.UNDETERMINED, "torn"),
        (DiagnosticLevel.REMARK, "user id 0 is shared"),
    ]
