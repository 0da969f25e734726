"""Tests of model/signing.py."""

from imgkit.model.signing import SignatureKind


def test_each_kind_has_the_ending_that_its_own_program_gives():
    assert [kind.suffix for kind in SignatureKind] == [".sig", ".minisig", ".tsr"]
