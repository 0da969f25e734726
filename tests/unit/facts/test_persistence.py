from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts.persistence import read_persistence
from imgkit.model.fact import FactState, facts_within


def test_everything_is_collected_and_each_fact_fails_alone():
    found = read_persistence(guest_with({"/etc/crontab": Shut("torn"), "/etc/ld.so.preload": "/x.so\n"}))
    assert (found.cron.state, found.loader.state) == (FactState.UNDETERMINED, FactState.PRESENT)
    others = [fact.state for name, fact in facts_within(found) if name not in {"cron", "loader"}]
    assert (set(others), len(others)) == ({FactState.ABSENT}, 9)
