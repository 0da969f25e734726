"""The life of an archived object."""

from datetime import timedelta

import pytest
from tests.unit.simulator.requests_at_rest import NOW

from imgkit.simulator.restoring import RestoreState, restore_header, restore_state, start_restore

RESTORE = start_restore(NOW, seconds=60, days=2)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, RestoreState.RUNNING), (59, RestoreState.RUNNING), (60, RestoreState.RESTORED), (172860, RestoreState.FROZEN)],
)
def test_a_restore_runs_then_holds_then_ends(seconds, state):
    assert restore_state("Archive", RESTORE, NOW + timedelta(seconds=seconds)) is state


def test_only_archive_classes_freeze():
    assert restore_state("DeepColdArchive", None, NOW) is RestoreState.FROZEN
    assert restore_state("IA", None, NOW) is RestoreState.DIRECT


def test_the_header_says_where_it_stands():
    assert restore_header(RestoreState.FROZEN, None) == ""
    assert restore_header(RestoreState.RUNNING, RESTORE) == 'ongoing-request="true"'
    assert restore_header(RestoreState.RESTORED, RESTORE) == (
        'ongoing-request="false", expiry-date="Tue, 24 Nov 2026 18:01:00 GMT"'
    )
