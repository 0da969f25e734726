from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts.cron import read_cron
from imgkit.facts.isolation import determine
from imgkit.facts.room import Room, weigh
from imgkit.model.accounts import Group
from imgkit.model.fact import Fact, Setting, Source
from imgkit.model.sudo import SudoDefault, Sudoers
from imgkit.render.report_json import canonical_bytes
from imgkit.units import KiB, MiB


def settings(count: int, *, length: int = 100) -> tuple[Setting, ...]:
    return tuple(Setting(name=f"n{number}", value="v" * length) for number in range(count))


def present(value: tuple[Setting, ...]) -> Fact[tuple[Setting, ...]]:
    return Fact.present(value, sources=())


def test_what_finds_room_is_the_very_same_fact():
    fact = present(settings(100))
    assert Room().fit(fact) is fact
    gone: Fact[tuple[Setting, ...]] = Fact.absent("none")
    assert Room().fit(gone) is gone


def test_the_first_stay_and_what_was_left_out_is_told():
    fact = Room(large_bytes=0, small_bytes=3000).fit(present(settings(100)))
    kept = held(fact)
    assert kept == settings(100)[: len(kept)]
    assert 5 < len(kept) < 15
    assert (fact.partial, fact.notes) == (
        True,
        (f"only the first {len(kept)} of 100 are given: there is no room for more in a report",),
    )


def test_the_same_is_left_out_every_time():
    assert Room(large_bytes=9000).fit(present(settings(900))) == Room(large_bytes=9000).fit(present(settings(900)))


def test_a_small_fact_finds_room_behind_any_number_of_large_ones():
    room = Room(large_bytes=MiB)
    cut = [room.fit(present(settings(10_000))).partial for _ in range(20)]
    assert all(cut)
    assert not room.fit(present(settings(50))).partial


def test_all_facts_together_stay_within_what_a_report_may_hold():
    room = Room(large_bytes=2 * MiB, small_bytes=MiB)
    kept = [held(room.fit(present(settings(20_000)))) for _ in range(50)]
    assert sum(weigh(one, 1 << 40) for one in kept) <= 3 * MiB
    assert len(kept[0]) > len(kept[1]) > len(kept[-1]) == 0


def test_one_record_too_large_is_shortened_and_does_not_hide_those_behind_it():
    members = tuple(f"m{number}" for number in range(1_000_000))
    groups = (Group(name="g", gid=1, members=members), Group(name="h", gid=2, members=("a",)))
    fact = Room().fit(Fact.present(groups, sources=()))
    first, second = held(fact)
    assert 10_000 < len(first.members) < 1_000_000
    assert first.members == members[: len(first.members)]
    assert second == groups[1]
    assert fact.notes == ("1 of the records are longer than a report gives",)
    assert fact.partial


def test_a_text_without_end_is_cut():
    fact = Room().fit(present((Setting(name="a", value="v" * 8 * MiB),)))
    assert (len(held(fact)[0].value), fact.partial) == (64 * KiB, True)


def test_the_lists_inside_a_noun_are_cut_each_and_named():
    line = SudoDefault(path=b"/etc/sudoers", line=1, scope="", text="x" * 100)
    whole = Sudoers(rules=(), aliases=(), defaults=(line,) * 1000)
    fact = Room(large_bytes=0, small_bytes=5000).fit(Fact.present(whole, sources=()))
    assert 0 < len(held(fact).defaults) < 20
    assert f"only the first {len(held(fact).defaults)} of 1000 defaults are given" in fact.notes[0]


def test_files_that_a_fact_rests_on_are_weighed_too():
    sources = tuple(Source(tree="t", path=b"/%d" % number, sha256="0" * 64, size=1) for number in range(1000))
    fact = Room(large_bytes=0, small_bytes=10_000).fit(Fact.present(settings(1), sources=sources))
    assert 0 < len(fact.sources) < 100
    assert "of 1000 files that it rests on are given" in fact.notes[0]


def test_very_much_to_quote_is_cut_short_and_that_is_told():
    guest = replace(
        guest_with({"/etc/crontab": f"@daily root {'x' * 5000}\n" * 10}), room=Room(quoted_characters=20_000)
    )
    fact = determine(lambda: read_cron(guest), guest.room)
    commands = [entry.command for entry in held(fact)[0].entries]
    assert len(commands[0]) == 5000
    assert commands[-1] == "x" * 200 + " [4800 more characters]"
    assert fact.notes == ("6 texts are cut after 200 characters: a report quotes no more",)
    assert fact.partial


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    only: str


@pytest.mark.parametrize(
    ("light", "heavy"),
    [("a", "\x01"), (b"a", b"\x01"), (("a",), ("a", "a")), (_One(only=""), _One(only="a" * 200)), (1, "a" * 100)],
)
def test_what_takes_more_in_a_report_weighs_more(light, heavy):
    assert weigh(light, 1 << 40) < weigh(heavy, 1 << 40)


def test_weighing_ends_soon_where_it_is_too_much_anyway():
    assert 100 < weigh(("a" * 10,) * 1_000_000, 100) < 20_000_000


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=50)


@given(st.lists(st.builds(Setting, name=_TEXTS, value=_TEXTS), max_size=20))
def test_no_text_is_heavier_in_a_report_than_it_was_weighed(found):
    fact = present(tuple(found))
    document = {"value": [{"name": one.name, "value": one.value} for one in found]}
    assert len(canonical_bytes(document)) <= weigh(fact.value, 1 << 40) + 100
