"""Which way to launch, and what happens when one way fails; nothing is really launched."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imgkit.errors import CannotLookInside, NotAccessible, ToolFailed
from imgkit.tools import guestfs_appliance
from imgkit.tools.guestfs import GuestfsRefused
from imgkit.tools.guestfs_appliance import Acceleration, ApplianceSettings, Drive, choose_emulation, open_appliance
from imgkit.tools.guestfs_kvm import Kvm, KvmVerdict


class FakeWorker:
    """`fails` maps (emulated, verbose) to what a launch raises; every launch is written into `launches`."""

    def __init__(self, fails: dict[tuple[bool, bool], Exception], launches: list[tuple[bool, bool]]) -> None:
        self._fails = fails
        self._launches = launches
        self._how = (False, False)
        self.scratch = Path("/scratch")
        self.log_tail = "qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69"

    def settings(self, *, emulate: bool, cache_folder: Path | None, verbose: bool) -> Path:
        self._how = (emulate, verbose)
        return Path("/var/tmp")

    def add_overlay(self, path: Path) -> None: ...

    def launch(self, *, timeout_seconds: float) -> None:
        self._launches.append(self._how)
        if self._how in self._fails:
            raise self._fails[self._how]

    def call(self, name: str) -> dict[str, int]:
        return {"major": 1, "minor": 48, "release": 6}


class Bench:
    def __init__(self) -> None:
        self.fails: dict[tuple[bool, bool], Exception] = {}
        self.launches: list[tuple[bool, bool]] = []
        self.remembered: list[str] = []

    @contextmanager
    def start_worker(self, *_: Any, **__: Any) -> Iterator[FakeWorker]:
        yield FakeWorker(self.fails, self.launches)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    monkeypatch.setattr(guestfs_appliance, "start_worker", made.start_worker)
    monkeypatch.setattr(guestfs_appliance, "find_interpreter", lambda chosen: chosen or Path("/usr/bin/python3"))
    monkeypatch.setattr(guestfs_appliance, "judge_kvm", lambda _: KvmVerdict(state=Kvm.USABLE))
    monkeypatch.setattr(guestfs_appliance, "remember_broken", lambda _, reason: made.remembered.append(reason))
    monkeypatch.setattr(guestfs_appliance, "make_overlay", lambda *_: Path("/scratch/overlay-0.qcow2"))
    return made


def opened(bench: Bench, *, drives: Sequence[Drive] = (), **settings: Any) -> tuple[bool, str]:
    with open_appliance(drives, settings=ApplianceSettings(**settings)) as appliance:
        assert appliance.version == "1.48.6"
        return appliance.emulated, appliance.reason


def test_where_kvm_works_it_is_used_and_the_log_is_quiet(bench: Bench):
    assert opened(bench) == (False, "")
    assert bench.launches == [(False, False)]


def test_a_launch_that_fails_with_kvm_goes_on_by_emulation_and_is_remembered(bench: Bench):
    bench.fails = {(False, False): GuestfsRefused("no"), (False, True): GuestfsRefused("no")}
    emulated, reason = opened(bench)
    assert emulated
    assert "failed to set MSR" in reason
    assert bench.launches == [(False, False), (False, True), (True, False)]
    assert len(bench.remembered) == 1


def test_a_launch_that_hangs_with_kvm_goes_on_by_emulation(bench: Bench):
    bench.fails = {(False, False): ToolFailed("libguestfs gave no answer within 90 s")}
    assert opened(bench)[0]
    assert bench.launches == [(False, False), (True, False)]


def test_a_cause_that_is_not_kvm_is_raised_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        FakeWorker,
        "__init__",
        lambda self, fails, launches: self.__dict__.update(
            _fails=fails, _launches=launches, scratch=Path(), log_tail="cp: '/boot/vmlinuz-1': Permission denied"
        ),
    )
    bench.fails = {(False, False): GuestfsRefused("no"), (False, True): GuestfsRefused("no")}
    with pytest.raises(CannotLookInside, match="kernel"):
        opened(bench)
    assert bench.remembered == []


def test_when_both_ways_fail_nothing_is_remembered(bench: Bench):
    bench.fails = {(emulate, verbose): GuestfsRefused("no") for emulate in (False, True) for verbose in (False, True)}
    with pytest.raises(ToolFailed):
        opened(bench)
    assert bench.remembered == []


def test_kvm_that_was_asked_for_is_not_replaced(bench: Bench):
    bench.fails = {(False, False): ToolFailed("hangs")}
    with pytest.raises(ToolFailed, match="hangs"):
        opened(bench, acceleration=Acceleration.KVM)


def test_emulation_may_be_asked_for(bench: Bench):
    assert opened(bench, acceleration=Acceleration.EMULATION) == (True, "asked for")


def test_a_disk_that_cannot_be_read_is_told_before_anything_starts(bench: Bench, tmp_path: Path):
    with pytest.raises(NotAccessible, match=r"none\.raw"):
        opened(bench, drives=[Drive(path=tmp_path / "none.raw")])
    assert bench.launches == []


@pytest.mark.parametrize("state", [Kvm.BROKEN, Kvm.ABSENT])
def test_kvm_that_does_not_work_is_not_tried(monkeypatch: pytest.MonkeyPatch, state: Kvm):
    monkeypatch.setattr(guestfs_appliance, "judge_kvm", lambda _: KvmVerdict(state=state, reason="why"))
    assert choose_emulation(ApplianceSettings()) == (True, f"KVM is {state}: why")
