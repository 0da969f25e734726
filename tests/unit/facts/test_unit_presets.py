from tests.unit.facts.tree import guest_with

from imgkit.facts import unit_presets
from imgkit.facts.gathering import Gathering
from imgkit.facts.unit_presets import preset_of, read_presets

FILES = {
    "/etc/systemd/system-preset/00-mine.preset": "# x\nenable ssh*\ndisable getty@.service\n",
    "/usr/lib/systemd/system-preset/00-mine.preset": "disable ssh.service\n",
    "/usr/lib/systemd/system-preset/90-default.preset": "ignore x.service\nodd line\ndisable *\n",
}


def test_the_first_rule_that_matches_holds_and_etc_wins():
    rules = read_presets(Gathering(guest_with(FILES)), "system")
    assert preset_of("ssh.service", rules) == "enabled"
    assert preset_of("getty@tty1.service", rules) == "disabled"
    assert preset_of("x.service", rules) == "ignored"
    assert preset_of("other.service", rules) == "disabled"


def test_without_rules_everything_is_enabled():
    assert preset_of("a.service", read_presets(Gathering(guest_with({})), "user")) == "enabled"


def test_a_rule_for_one_name_holds_only_before_a_pattern_that_comes_later():
    rules = read_presets(
        Gathering(guest_with({"/etc/systemd/system-preset/a.preset": "disable b*\nenable b.service\n"})), "system"
    )
    assert preset_of("b.service", rules) == "disabled"
    rules = read_presets(
        Gathering(guest_with({"/etc/systemd/system-preset/a.preset": "enable b.service\ndisable b*\n"})), "system"
    )
    assert preset_of("b.service", rules) == "enabled"


def test_patterns_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(unit_presets, "_MOST_PATTERNS", 2)
    look = Gathering(guest_with({"/etc/systemd/system-preset/a.preset": "disable a*\nenable b*\ndisable c*\n"}))
    rules = read_presets(look, "system")
    assert (preset_of("a.service", rules), preset_of("c.service", rules)) == ("disabled", "enabled")
    assert look.fact((1,), nothing="").notes == (
        "/etc/systemd/system-preset/a.preset: rules after line 2 were left out",
    )
