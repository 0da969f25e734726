"""Nouns as JSON and back."""

import json

import pytest

from imgkit.disks.native.nouns import from_plain, to_plain
from imgkit.disks.native.wire import Garbled
from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, FileSystem, Gap, Journal, Storage, TableKind

STORAGE = Storage(
    disks=(
        Disk(role=DiskRole(), device="a", size_bytes=5, table=TableKind.GPT, gaps=(Gap(start_bytes=1, size_bytes=2),)),
    ),
    file_systems=(
        FileSystem(place="system", roles=(DiskRole("xvdb"),), type="xfs", inodes=7, journal=Journal.PENDING),
    ),
    blank=("xvdc",),
)


def test_what_goes_over_comes_back() -> None:
    assert from_plain(Storage, json.loads(json.dumps(to_plain(STORAGE)))) == STORAGE


@pytest.mark.parametrize(
    "plain",
    [None, [], {"disks": 5}, {"unheard_of": 1}, {"blank": [5]}, {"disks": [{"role": {"device": "../x"}}]}],
)
def test_what_does_not_fit_is_garbled(plain: object) -> None:
    with pytest.raises(Garbled):
        from_plain(Storage, plain)
