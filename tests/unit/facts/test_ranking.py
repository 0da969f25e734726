from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.ranking import Ranking
from imgkit.model.tree import Entry, EntryKind


@given(st.dictionaries(st.binary(min_size=1, max_size=3), st.integers(0, 5)), st.integers(1, 5))
def test_the_highest_stay_and_of_equals_the_first_by_path(ranks, most):
    ranking = Ranking(most)
    for path, rank in ranks.items():
        ranking.add(rank, path, Entry(name=path, kind=EntryKind.FILE))
    wanted = sorted(ranks, key=lambda path: (-ranks[path], path))[:most]
    assert [path for path, _ in ranking.ranked()] == wanted
