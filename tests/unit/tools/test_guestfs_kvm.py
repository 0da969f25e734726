import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imgkit.tools.guestfs_kvm import (
    Kvm,
    KvmVerdict,
    Surroundings,
    judge_kvm,
    probe_kvm,
    probe_rom,
    recall,
    remember,
)
from imgkit.units import format_utc

HERE = Surroundings(kernel="6.1.0", qemu="QEMU emulator version 7.2", cpu="AMD EPYC")
BROKEN = KvmVerdict(state=Kvm.BROKEN, reason="failed to set MSR 0x10a", checked="2026-11-22T20:00:00.000000Z")


def test_a_verdict_is_remembered_with_its_reason_and_date(tmp_path: Path):
    remember(tmp_path / "state", HERE, BROKEN)
    assert recall(tmp_path / "state", HERE) == BROKEN


@pytest.mark.parametrize(
    ("hours", "holds"), [(0, True), (23, True), (25, False), (-1, False)], ids=["now", "today", "old", "ahead"]
)
def test_what_may_have_been_a_busy_moment_holds_for_a_day(tmp_path: Path, hours: int, holds: bool):
    checked = format_utc(datetime.now(UTC) - timedelta(hours=hours))
    hung = KvmVerdict(state=Kvm.BROKEN, reason="a probe hung", checked=checked, passing=True)
    remember(tmp_path, HERE, hung)
    assert recall(tmp_path, HERE) == (hung if holds else None)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Surroundings(kernel="6.2.0", qemu=HERE.qemu, cpu=HERE.cpu),
        Surroundings(kernel=HERE.kernel, qemu="QEMU emulator version 8", cpu=HERE.cpu),
        Surroundings(kernel=HERE.kernel, qemu=HERE.qemu, cpu="Intel"),
    ],
    ids=["kernel", "qemu", "cpu"],
)
def test_with_another_kernel_qemu_or_processor_it_is_found_anew(tmp_path: Path, elsewhere: Surroundings):
    remember(tmp_path, HERE, BROKEN)
    assert recall(tmp_path, elsewhere) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"not json", json.dumps({"kernel": 1}).encode()])
def test_a_memory_that_cannot_be_read_is_no_memory(tmp_path: Path, content: bytes):
    (tmp_path / "kvm.json").write_bytes(content)
    assert recall(tmp_path, HERE) is None


def test_without_a_folder_nothing_is_remembered():
    remember(None, HERE, BROKEN)
    assert recall(None, HERE) is None


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path):
    (tmp_path / "file").touch()
    remember(tmp_path / "file" / "state", HERE, BROKEN)


def test_what_was_not_tested_is_not_remembered(tmp_path: Path):
    remember(tmp_path, HERE, KvmVerdict(state=Kvm.UNTESTED))
    assert recall(tmp_path, HERE) is None


def test_without_the_device_kvm_is_absent(tmp_path: Path):
    verdict = judge_kvm(tmp_path, device=tmp_path / "kvm")
    assert verdict.state is Kvm.ABSENT
    assert "there is no" in verdict.reason


def test_the_probes_firmware_starts_where_an_x86_processor_does():
    rom = probe_rom()
    assert len(rom) == 64 * 1024
    assert rom[0xFFF0:0xFFF5] == b"\xb0\x10\xe6\xf4\xf4"


def test_another_architecture_is_left_to_the_launch():
    assert probe_kvm(Path("/usr/bin/qemu-system-aarch64")).state is Kvm.UNTESTED
