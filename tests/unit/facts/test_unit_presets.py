from tests.unit.facts.tree import guest_with

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
