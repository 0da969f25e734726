import os
from pathlib import Path

import pytest

from imgkit.errors import CannotLookInside, NoRoom, NotAccessible, ToolMissing
from imgkit.model.preflight import Severity
from imgkit.tools import guestfs_examination
from imgkit.tools.guestfs_examination import (
    describe_kvm,
    examine_cache,
    examine_kernels,
    examine_parts,
    examine_qemu,
)
from imgkit.tools.guestfs_kvm import Kvm, KvmVerdict


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    (tmp_path / "boot").mkdir()
    (tmp_path / "modules").mkdir()
    return tmp_path / "boot"


def test_a_readable_kernel_with_modules_will_do(boot: Path, tmp_path: Path):
    (boot / "vmlinuz-6.1.0").touch()
    (tmp_path / "modules/6.1.0").mkdir()
    found = examine_kernels(boot, tmp_path / "modules")
    assert found.severity is Severity.HELD
    assert "vmlinuz-6.1.0" in found.words


def test_fedoras_kernel_beside_its_modules_is_found(boot: Path, tmp_path: Path):
    (tmp_path / "modules/6.10").mkdir()
    (tmp_path / "modules/6.10/vmlinuz").touch()
    assert examine_kernels(boot, tmp_path / "modules").severity is Severity.HELD


def test_no_kernel_and_no_modules_are_refused_with_the_packages(boot: Path, tmp_path: Path):
    none = examine_kernels(boot, tmp_path / "modules")
    (boot / "vmlinuz-6.1.0").touch()
    without_modules = examine_kernels(boot, tmp_path / "modules")
    for found in (none, without_modules):
        assert isinstance(found.error, ToolMissing)
        assert "linux-image-amd64" in found.remedy


def test_an_unreadable_kernel_is_refused_with_ubuntus_remedy(
    boot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (boot / "vmlinuz-6.8.0-45-generic").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    found = examine_kernels(boot, tmp_path / "modules")
    assert isinstance(found.error, CannotLookInside)
    assert "chmod 0644 /boot/vmlinuz-*" in found.remedy


def test_broken_kvm_is_a_note_because_emulation_works():
    found = describe_kvm(KvmVerdict(state=Kvm.BROKEN, reason="failed to set MSR 0x10a"))
    assert found.severity is Severity.NOTE
    assert "failed to set MSR 0x10a" in found.words
    assert describe_kvm(KvmVerdict(state=Kvm.USABLE)).severity is Severity.HELD


def test_an_appliance_that_is_built_needs_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guestfs_examination, "APPLIANCE_BYTES", 2**62)
    refused = examine_cache(tmp_path)
    assert isinstance(refused.error, NoRoom)
    assert "LIBGUESTFS_CACHEDIR" in refused.remedy
    built = tmp_path / f".guestfs-{os.geteuid()}" / "appliance.d"
    built.mkdir(parents=True)
    (built / "root").touch()
    assert examine_cache(tmp_path).severity is Severity.HELD


def test_a_cache_folder_that_is_not_there_is_refused(tmp_path: Path):
    assert isinstance(examine_cache(tmp_path / "none").error, NotAccessible)


def test_a_missing_emulator_is_refused():
    assert isinstance(examine_qemu(None).error, ToolMissing)
    assert examine_qemu(Path("/usr/bin/qemu-system-x86_64")).severity is Severity.HELD


def test_the_missing_xfs_package_is_named_where_appliances_are_put_together(tmp_path: Path):
    assert list(examine_parts(tmp_path / "none")) == []
    (found,) = examine_parts(tmp_path)
    assert "libguestfs-xfs" in found.remedy
    (tmp_path / "zz-packages-xfs").touch()
    assert list(examine_parts(tmp_path)) == []
