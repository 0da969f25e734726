"""Whether changes wait in the log of an XFS."""

from tests.unit.disks.native.xfs_image import LOG, UNMOUNT, XfsImage

from imgkit.disks.native.xfs_layout import read_xfs_superblock
from imgkit.disks.native.xfs_log import xfs_log_state
from imgkit.model.storage import Journal


def state(image: XfsImage) -> Journal:
    return xfs_log_state(image.memory, read_xfs_superblock(bytes(image.content[:512])))


def test_a_log_that_ends_with_an_unmount_is_clean() -> None:
    assert state(XfsImage()) is Journal.CLEAN


def test_a_record_behind_the_unmount_means_that_changes_wait() -> None:
    image = XfsImage()
    image.log(0, sector=2)
    assert state(image) is Journal.PENDING
    image.log(UNMOUNT, sector=4, operations=3)
    assert state(image) is Journal.PENDING
    image.log(UNMOUNT, sector=0, cycle=2)  # the log has begun anew
    assert state(image) is Journal.CLEAN


def test_a_record_that_does_not_say_where_it_lies_is_none() -> None:
    image = XfsImage()
    image.log(0, sector=2)
    image.poke(LOG * 4096 + 2 * 512 + 20, ">I", 7)
    assert state(image) is Journal.CLEAN


def test_a_log_elsewhere_or_without_a_record_says_nothing() -> None:
    image = XfsImage()
    image.poke(LOG * 4096, ">I", 0)
    assert state(image) is Journal.UNKNOWN
    image.poke(48, ">Q", 0)
    assert state(image) is Journal.UNKNOWN
