"""When a tree is taken whole, and what happens where it cannot be."""

import errno
from collections.abc import Iterator
from typing import cast

from imgkit.disks.guestfs_sweep import FEW, TreeSweep, read_digests, read_links
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker

NUMBERS = b"1 2 %x 1 0 0 0 1.0 2.0 3.0 4.0 "
STAT = NUMBERS % 0o40755 + b".\0" + NUMBERS % 0o100644 + b"./file\0"


class Swept:
    """Answers sweeps, or refuses them; `asked` are their kinds."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def sweep(self, kind: str) -> Iterator[bytes]:
        self.asked.append(kind)
        if kind not in self.answers:
            raise GuestfsRefused("find: Input/output error", errno.EIO)
        yield self.answers[kind]


def swept(**answers: bytes) -> tuple[TreeSweep, Swept]:
    worker = Swept(answers)
    return TreeSweep(lambda: cast("GuestfsWorker", worker)), worker


def test_one_sweep_answers_every_later_question():
    sweep, worker = swept(stat=STAT)
    assert [entry.name for entry in sweep.folder(b"/") or ()] == [b"file"]
    assert sweep.entry(b"/file") is not None
    assert worker.asked == ["stat"]


def test_a_sweep_that_fails_is_not_tried_again_and_nothing_is_claimed():
    sweep, worker = swept()
    assert [sweep.folder(b"/"), sweep.entry(b"/file"), sweep.folder(b"/")] == [None, None, None]
    assert worker.asked == ["stat"]


def test_garbage_is_no_tree():
    sweep, _ = swept(stat=b"stat: cannot stat\0")
    assert sweep.folder(b"/") is None


def test_attributes_are_swept_when_many_are_asked_for():
    sweep, worker = swept(stat=STAT, xattrs=b"# file: ./file\nuser.x=0x31\n")
    few = [sweep.attributes([b"/file"]) for _ in range(FEW["xattrs"])]
    assert few == [None] * FEW["xattrs"]
    assert "xattrs" not in worker.asked
    assert sweep.attributes([b"/file", b"/"]) == [{b"user.x": b"1"}, {}]
    assert sweep.attributes([b"/file", b"/reached/by/a/link"]) is None


def test_many_that_are_asked_for_together_are_swept_at_once():
    sweep, worker = swept(stat=STAT, xattrs=b"# file: ./file\nuser.x=0x31\n")
    assert sweep.attributes([b"/file"] * FEW["xattrs"]) is None
    assert sweep.attributes([b"/file"] * 2) == [{b"user.x": b"1"}] * 2
    assert worker.asked == ["xattrs", "stat"]


def test_digests_and_links_come_by_path():
    worker = cast("GuestfsWorker", Swept({"sha256": b"ab" * 32 + b"  ./a\n b\0", "links": b"./l\0../t\0"}))
    assert read_digests(worker) == {b"/a\n b": "ab" * 32}
    assert read_links(worker) == {b"/l": b"../t"}
