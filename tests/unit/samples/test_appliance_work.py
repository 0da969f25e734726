"""Works in one launch; the appliance is a fake that records its lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from imgkit.errors import ToolFailed
from imgkit.samples import appliance_work
from imgkit.samples.appliance_work import Work, do_all
from imgkit.tools.guestfs import GuestfsRefused


class Shell:
    """Drives are named backwards, as a kernel may find them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.drives = 0
        self.broken = ""

    def true_devices(self) -> list[str]:
        return [f"/dev/sd{'zyxw'[number]}" for number in range(self.drives)]

    def shell(self, script: str) -> str:
        self.lines.append(script)
        if self.broken and self.broken in script:
            raise GuestfsRefused("no space left on device")
        return ""


@pytest.fixture
def shell(monkeypatch) -> Shell:
    found = Shell()

    @contextmanager
    def opened(drives, **_) -> Iterator[SimpleNamespace]:
        found.drives = len(drives)
        yield SimpleNamespace(worker=found)

    monkeypatch.setattr(appliance_work, "open_appliance", opened)
    return found


def work(tmp_path, name: str) -> Work:
    lines = lambda devices: [f"{name} {' '.join(devices)}"]  # noqa: E731  # one line is what it is
    return Work(name=name, disks=(tmp_path / name,), sources=(tmp_path / "source",), lines=lines)


def test_each_work_has_its_own_devices_and_a_source_is_attached_once(shell, tmp_path):
    do_all([work(tmp_path, "one"), work(tmp_path, "two")])
    assert [script.splitlines()[-1] for script in shell.lines] == ["one /dev/sdz /dev/sdx", "two /dev/sdy /dev/sdx"]


def test_a_work_that_fails_is_named(shell, tmp_path):
    shell.broken = "two"
    with pytest.raises(ToolFailed, match=r"sample disk two .*no space left"):
        do_all([work(tmp_path, "one"), work(tmp_path, "two")])


def test_the_power_is_cut_at_the_end(shell, tmp_path):
    shell.broken = "sysrq"
    do_all([work(tmp_path, "one")], crash=["one"])
    assert "sysrq-trigger" in shell.lines[-1]


def test_an_appliance_that_survives_its_power_cut_left_nothing_dirty(shell, tmp_path):
    with pytest.raises(ToolFailed, match="survived"):
        do_all([work(tmp_path, "one")], crash=["one"])
