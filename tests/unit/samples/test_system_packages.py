import struct

from imgkit.samples.system_packages import KERNELS, kernel_image, system_packages, tiny_program


def test_the_stand_in_for_programs_is_an_elf_for_x86_64():
    program = tiny_program()
    kind, machine, _, entry = struct.unpack_from("<HHIQ", program, 16)
    assert program[:6] == b"\x7fELF\x02\x01"
    assert (kind, machine) == (2, 62)
    assert program[entry - 0x400000 :] == b"\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"


def test_a_kernel_says_its_version_where_a_boot_loader_looks():
    image = kernel_image("6.1.0-18-cloud-amd64")
    at = struct.unpack_from("<H", image, 0x20E)[0] + 0x200
    assert image[0x202:0x206] == b"HdrS"
    assert image[at:].startswith(b"6.1.0-18-cloud-amd64 ")


def test_each_kernel_has_an_image_and_modules():
    for release in KERNELS:
        package = next(one for one in system_packages() if one.name == f"linux-image-{release}")
        paths = {file.path for file in package.files}
        assert {f"/boot/vmlinuz-{release}", f"/usr/lib/modules/{release}/modules.builtin"} <= paths


def test_no_two_packages_have_the_same_name_or_file():
    names = [package.name for package in system_packages()]
    paths = [file.path for package in system_packages() for file in package.files]
    assert len(names) == len(set(names))
    assert len(paths) == len(set(paths))
    assert all(set(package.settings) <= set(paths) for package in system_packages())
