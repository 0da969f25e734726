"""Tests of disks/writers/vmdk_descriptor.py."""

import pytest

from imgkit.disks.writers.vmdk_descriptor import VmdkKind, describe_vmdk
from imgkit.units import GiB, TiB


def described(*, adapter: str = "ide", root: str = "12345678" + "0" * 56, size: int = GiB) -> list[str]:
    kind = VmdkKind(create_type="streamOptimized", adapter=adapter, hardware_version="10")
    return describe_vmdk(kind, size=size, extent='RW 1 SPARSE "d"', content_root=root).decode().splitlines()


def test_the_content_id_is_the_disks_own_and_never_one_with_a_meaning() -> None:
    assert "CID=12345678" in described()
    assert "CID=fffffffd" in described(root="f" * 64)
    assert "CID=fffffffc" in described(root="fffffffe" + "0" * 56)


@pytest.mark.parametrize(
    ("adapter", "size", "cylinders", "heads"),
    [("ide", GiB, 2080, 16), ("lsilogic", GiB, 130, 255), ("ide", 2 * TiB, 65535, 16)],
)
def test_the_geometry_is_that_of_the_adapter(adapter: str, size: int, cylinders: int, heads: int) -> None:
    lines = described(adapter=adapter, size=size)
    assert f'ddb.geometry.cylinders = "{cylinders}"' in lines
    assert f'ddb.geometry.heads = "{heads}"' in lines
    assert f'ddb.adapterType = "{adapter}"' in lines
