import gzip

from tests.unit.facts.test_cpio import cpio
from tests.unit.facts.tree import Nodes, guest_with

from imgkit.facts.initramfs import WANTED, read_drivers
from imgkit.model.boot import DriverPlace, Kernel
from imgkit.model.fact import Fact, FactState

KERNEL = Kernel(version="6.1", image=b"/boot/vmlinuz-6.1", initramfs=(b"/boot/i",), modules=b"/lib/modules/6.1")
FILES = {
    "/boot/i": gzip.compress(cpio("usr/lib/modules/6.1/kernel/drivers/block/virtio_blk.ko.xz")),
    "/lib/modules/6.1/modules.builtin": "kernel/drivers/virtio/virtio_pci.ko\n",
    "/lib/modules/6.1/modules.dep": "kernel/drivers/block/xen-blkfront.ko.zst: kernel/x/nvme.ko\n",
}


def places(files: Nodes) -> dict[str, DriverPlace]:
    fact = read_drivers(guest_with(files), [KERNEL])
    assert fact.value is not None
    return {one.name: one.place for one in fact.value[0].drivers}


def test_every_driver_has_its_place():
    found = places(FILES)
    assert set(found) == set(WANTED)
    assert found["virtio_blk"] is DriverPlace.INITRAMFS
    assert found["virtio_pci"] is DriverPlace.BUILT_IN
    assert found["xen_blkfront"] is DriverPlace.MODULES
    assert found["nvme"] is DriverPlace.NOWHERE


def test_an_initramfs_that_cannot_be_read_makes_it_partial():
    fact = read_drivers(guest_with({**FILES, "/boot/i": b"garbage"}), [KERNEL])
    assert fact.partial
    assert "/boot/i" in fact.notes[0]
    assert read_drivers(guest_with({}), [KERNEL]).partial


def test_only_the_newest_are_looked_into_and_kdumps_own_never():
    many = [Kernel(version=str(at), image=b"/k", initramfs=(b"/boot/kdump", b"/boot/i")) for at in range(5)]
    fact = read_drivers(guest_with(FILES), many)
    assert [(one.kernel, one.initramfs) for one in fact.value] == [(str(at), b"/boot/i") for at in (2, 3, 4)]
    assert fact.notes == ("2 older or odd kernels' initramfs were not looked into",)


def test_without_a_kernel_or_initramfs_there_is_nothing():
    assert read_drivers(guest_with({}), [Kernel(version="1")]) == Fact.absent("there is no kernel with an initramfs")
    assert read_drivers(guest_with({}), []).state is FactState.ABSENT
