from imgkit.facts.cpio import list_names
from imgkit.samples.early_files import initramfs


def test_the_archive_holds_the_drivers_and_ends_as_it_should():
    names: list[bytes] = []
    found = list_names(iter([initramfs("6.1", b"x" * 5)]), names.append, most=10**6)
    assert (found.trouble, found.files) == ("", 6)
    assert b"usr/lib/modules/6.1/kernel/drivers/block/virtio_blk.ko" in names
