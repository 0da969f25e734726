"""Tests of model/profiles.py."""

import pytest

from imgkit.disks.format_rules import writing_options
from imgkit.model.profiles import PROFILES, Profile
from imgkit.units import GiB, MiB


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_profile_has_a_reason_a_source_and_options_that_its_format_knows(profile: Profile):
    assert len(profile.reason) > 20
    assert profile.source.startswith("https://")
    assert writing_options(profile.format, profile.options, compress=False).items() >= profile.options.items()
    assert profile.suffix.startswith(f".{profile.name}.")


def test_who_wants_whole_sizes_gets_them():
    whole = {name: each.whole_bytes for name, each in PROFILES.items() if each.whole_bytes != 512}
    assert whole == {"azure": MiB, "gcp": GiB}
