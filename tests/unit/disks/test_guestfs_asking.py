"""One question without an answer."""

from typing import cast

from tests.unit.disks.guestfs_fake import FakeWorker

from imgkit.disks.guestfs_asking import Asking, short_reason
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker


def asking(**answers) -> Asking:
    return Asking(worker=cast("GuestfsWorker", FakeWorker(answers=answers)))


def test_an_answer_is_given_on_and_nothing_noted():
    one = asking(pvs_full=["x"], vfs_label=b"caf\xe9")
    assert one.ask("LVM", [], "pvs_full") == ["x"]
    assert one.text("label", "vfs_label", "/dev/sda1") == "caf\\xe9"
    assert one.undetermined == []


def test_a_refusal_is_noted_with_its_last_line():
    one = asking(pvs_full=GuestfsRefused("pvs:\n  WARNING: odd\n  device is full of holes\n"))
    assert one.ask("LVM", [], "pvs_full") == []
    assert [(note.what, note.reason) for note in one.undetermined] == [("LVM", "  device is full of holes".strip())]


def test_a_refusal_without_words_is_one_all_the_same():
    assert short_reason(GuestfsRefused(" \n")) == "libguestfs gave no reason"
