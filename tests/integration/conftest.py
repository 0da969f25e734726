"""What several integration tests share because it takes long to make."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from imgkit.model.role import DiskRole
from imgkit.samples.demo_disks import make_demo_disks
from imgkit.tools.guestfs_appliance import ApplianceSettings


@pytest.fixture(scope="session")
def appliance_settings(tmp_path_factory: pytest.TempPathFactory) -> ApplianceSettings:
    """One memory of whether KVM works, for all tests of one run."""
    return ApplianceSettings(state_folder=tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def demo_disks(
    tmp_path_factory: pytest.TempPathFactory, appliance_settings: ApplianceSettings
) -> Mapping[DiskRole, Path]:
    """The demo's three disks; making them launches one appliance. Nobody may write to them."""
    made = make_demo_disks(tmp_path_factory.mktemp("demo-disks"), settings=appliance_settings)
    return {disk.role: disk.path for disk in made}
