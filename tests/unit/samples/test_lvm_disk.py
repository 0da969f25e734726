from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imgkit.errors import ToolFailed
from imgkit.samples import lvm_disk
from imgkit.samples.lvm_disk import make_lvm_disk
from imgkit.tools.guestfs import GuestfsRefused
from imgkit.tools.guestfs_appliance import Drive


class Bench:
    def __init__(self) -> None:
        self.drives: Sequence[Drive] = ()
        self.calls: list[str] = []
        self.refuse = ""

    @contextmanager
    def open_appliance(self, drives: Sequence[Drive], *, settings: object) -> Iterator[SimpleNamespace]:
        self.drives = drives
        yield SimpleNamespace(worker=self)

    def call(self, name: str, *_: object, **__: object) -> Any:
        self.calls.append(name)
        if name == self.refuse:
            raise GuestfsRefused(f"{name}: not today")
        return ["/dev/sda", "/dev/sdb"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    monkeypatch.setattr(lvm_disk, "open_appliance", made.open_appliance)
    monkeypatch.setattr(lvm_disk, "make_disk", lambda *_: None)
    return made


def test_only_the_new_disk_is_written_to(bench: Bench):
    make_lvm_disk(Path("/new.raw"), Path("/content.ext4"))
    assert [(drive.path.name, drive.writable) for drive in bench.drives] == [("new.raw", True), ("content.ext4", False)]


def test_all_is_on_the_disk_before_the_appliance_ends(bench: Bench):
    make_lvm_disk(Path("/new.raw"), Path("/content.ext4"))
    assert bench.calls[-1] == "sync"
    assert bench.calls.index("pvcreate") < bench.calls.index("vgcreate") < bench.calls.index("lvcreate")


def test_a_refusal_says_what_was_being_made(bench: Bench):
    bench.refuse = "vgcreate"
    with pytest.raises(ToolFailed, match="sample disk with LVM could not be made: vgcreate: not today"):
        make_lvm_disk(Path("/new.raw"), Path("/content.ext4"))
