"""Tests of tools/ewf.py: the words for libewf's programs; the programs themselves are asked in the integration."""

from pathlib import Path

import pytest

from imgkit.errors import Differs, SettingsError, ToolMissing
from imgkit.process import Completed
from imgkit.tools import ewf
from imgkit.tools.ewf import CaseFields, acquire_arguments


def test_every_field_is_an_argument_of_its_own() -> None:
    fields = CaseFields(case_number="-x", evidence_number="2", description="d", examiner="J. Doe", notes="n")
    words = acquire_arguments(Path("/usr/bin/ewfacquirestream"), Path("/case/-disk.E01"), fields, "fast")
    assert words[words.index("-C") + 1] == "-x"
    assert words[words.index("-e") + 1] == "J. Doe"
    assert words[-2:] == ["-t", Path("/case/-disk")]


def test_without_libewf_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="ewfacquirestream") as missing:
        ewf.version()
    with pytest.raises(ToolMissing, match="ewf"):
        ewf.require_all()
    assert "ewf-tools" in missing.value.hint


def test_what_does_not_hold_differs_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Completed:
        return Completed(stdout=b"Read: 2 sectors\newfverify: FAILURE\n", stderr_tail="", returncode=1)

    monkeypatch.setattr(ewf, "require_program", lambda *_, **__: Path("/usr/bin/ewfverify"))
    monkeypatch.setattr(ewf, "run", fail)
    with pytest.raises(Differs, match="FAILURE"):
        ewf.verify(Path("/case/disk.E01"), size=512)


@pytest.mark.parametrize("value", ["a\tb", "a\nb", "a\rb", "a\0b"])
def test_a_field_that_libewf_would_read_as_two_is_refused(value: str) -> None:
    CaseFields(case_number="2026-117 \u00fc", notes="a; b, c").require_lines()
    with pytest.raises(SettingsError, match="--notes"):
        CaseFields(notes=value).require_lines()
