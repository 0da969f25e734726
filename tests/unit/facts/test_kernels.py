import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Link, Nodes, Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.kernels import read_kernels
from imgkit.model.boot import Kernel
from imgkit.model.fact import FactState

DEBIAN = {
    "/boot/vmlinuz-6.1.0-18-amd64": b"kernel",
    "/boot/initrd.img-6.1.0-18-amd64": b"ram",
    "/boot/config-6.1.0-18-amd64": b"",
    "/vmlinuz": Link(b"boot/vmlinuz-6.1.0-18-amd64"),
    "/usr/lib/modules/6.1.0-18-amd64/modules.dep": b"",
    "/lib": Link(b"usr/lib"),
}


def found(files: Nodes) -> tuple[Kernel, ...]:
    kernels = read_kernels(guest_with(files)).value
    assert kernels is not None
    return kernels


def test_a_kernel_is_joined_from_its_parts():
    (kernel,) = found(DEBIAN)
    assert kernel.version == "6.1.0-18-amd64"
    assert (kernel.image, kernel.image_bytes) == (b"/boot/vmlinuz-6.1.0-18-amd64", 6)
    assert kernel.initramfs == (b"/boot/initrd.img-6.1.0-18-amd64",)
    assert kernel.modules == b"/lib/modules/6.1.0-18-amd64"


def test_red_hats_names_are_understood_and_kdumps_image_belongs_to_its_kernel():
    version = "5.10.134-16.al8.x86_64"
    (kernel,) = found(
        {
            f"/boot/vmlinuz-{version}": b"",
            f"/boot/initramfs-{version}.img": b"",
            f"/boot/initramfs-{version}kdump.img": b"",
        }
    )
    assert kernel.version == version
    assert len(kernel.initramfs) == 2


def test_releases_are_in_the_order_of_their_numbers():
    files = {f"/lib/modules/{version}/x": b"" for version in ("5.10.2", "5.4.9", "5.10.10")}
    assert [kernel.version for kernel in found({**files, "/boot/vmlinuz-lts": b""})] == [
        "5.4.9",
        "5.10.2",
        "5.10.10",
        "lts",
    ]


def test_a_kernel_without_modules_shows_what_it_lacks():
    (kernel,) = found({"/boot/vmlinuz-5.4": b"k"})
    assert (kernel.modules, kernel.initramfs) == (b"", ())


def test_what_only_looks_like_a_kernel_is_none():
    assert found({"/boot/vmlinuz-5.4.old": b"", "/boot/vmlinuz-5.4": Link(b"x"), "/lib/modules/extra/x": b""}) == ()


def test_no_kernel_is_not_the_same_as_nowhere_to_look():
    assert found({"/boot": Folder()}) == ()
    assert read_kernels(guest_with({})).state is FactState.ABSENT


def test_a_boot_folder_that_cannot_be_read_is_not_empty():
    with pytest.raises(CannotLookInside):
        read_kernels(guest_with({"/boot": Shut()}))


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=30).filter(lambda name: b"/" not in name), max_size=8))
def test_any_names_are_borne(names):
    files = {b"/boot/vmlinuz-" + name: b"" for name in names}
    read_kernels(guest_with({**files, **{b"/lib/modules/5" + name + b"/x": b"" for name in names}}))
