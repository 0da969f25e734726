import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Nodes, guest_with

from imgkit.facts.boot_entries import read_loading
from imgkit.facts.device_names import DeviceNames
from imgkit.model.boot import BootEntry, LoaderKind
from imgkit.model.fact import FactState
from imgkit.model.role import DiskRole
from imgkit.model.storage import FileSystem, Storage

NAMES = DeviceNames(
    storage=Storage(file_systems=(FileSystem(place="system:1", roles=(DiskRole(),), type="ext4", uuid="AB"),))
)
GRUB = """set default="${saved_entry}"
set default="1"
set timeout=5
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {
\tlinux\t/boot/vmlinuz-6.1 root=UUID=ab ro  quiet console=tty0 console=ttyS0,115200
\tinitrd\t/boot/initrd.img-6.1
}
submenu 'Advanced' {
  menuentry "Second" --id second {
    linux16 (hd0,gpt2)/vmlinuz-5 root=/dev/vdz9
    initrd /a.img /b.img
  }
}
menuentry 'UEFI Firmware Settings' { fwsetup }
"""
BLS = """title Alibaba Cloud Linux (5.10.134) 3
version 5.10.134
linux /vmlinuz-5.10.134
initrd /initramfs-5.10.134.img $tuned_initrd
options $kernelopts $tuned_params
"""
LEGACY = """default=1
timeout 5
title A
  root (hd0,0)
  kernel /vmlinuz-a ro root=LABEL=/
  initrd /a.img
title CentOS (2.6.32)
\tkernel /vmlinuz-2.6.32 ro root=UUID=ab
"""
SYSLINUX = """DEFAULT virt
TIMEOUT 10
LABEL virt
  MENU LABEL Linux virt
  LINUX vmlinuz-virt
  INITRD initramfs-virt
  APPEND root=UUID=AB modules=ext4
"""


def entries(files: Nodes) -> tuple[BootEntry, ...]:
    found = read_loading(guest_with(files), NAMES).entries.value
    assert found is not None
    return found


def test_grub_entries_are_read_with_command_line_and_root():
    first, second = entries({"/boot/grub/grub.cfg": GRUB, "/boot/vmlinuz-6.1": b"", "/boot/vmlinuz-5": b""})
    assert (first.title, first.id, first.kernel, first.initramfs) == (
        "Debian GNU/Linux", "gnulinux-simple", b"/boot/vmlinuz-6.1", (b"/boot/initrd.img-6.1",),
    )  # fmt: skip
    assert (first.root, first.root_place, first.consoles) == ("UUID=ab", "system:1", ("tty0", "ttyS0,115200"))
    assert (first.kernel_there, first.default, first.line) == (True, False, 4)
    assert (second.id, second.default, second.kernel_there, second.root_place) == ("second", True, True, "")


def test_the_saved_entry_counts_before_what_is_set():
    files = {"/boot/grub2/grub.cfg": GRUB, "/boot/grub2/grubenv": "# GRUB\nsaved_entry=Advanced>gnulinux-simple\n###"}
    assert [one.default for one in entries(files)] == [True, False]


def test_the_boot_loader_specification_takes_options_from_grubs_memory():
    files = {
        "/boot/loader/entries/abc-5.10.134.conf": BLS,
        "/boot/grub2/grub.cfg": "blscfg\n",
        "/boot/grub2/grubenv": "saved_entry=abc-5.10.134\nkernelopts=root=UUID=AB ro net.ifnames=0 \n",
        "/boot/vmlinuz-5.10.134": b"",
    }
    (one,) = entries(files)
    assert (one.title, one.root_place, one.default, one.kernel_there) == (
        "Alibaba Cloud Linux (5.10.134) 3", "system:1", True, True,
    )  # fmt: skip
    assert one.options == "root=UUID=AB ro net.ifnames=0  $tuned_params"
    assert one.initramfs == (b"/initramfs-5.10.134.img",)


def test_systemd_boot_is_told_from_grub():
    files = {"/boot/loader/loader.conf": "default a.conf\ntimeout 3\n", "/boot/loader/entries/a.conf": BLS}
    found = read_loading(guest_with(files), NAMES)
    assert [(one.kind, one.default, one.timeout) for one in found.loaders.value] == [
        (LoaderKind.SYSTEMD_BOOT, "a.conf", "3")
    ]
    assert [one.default for one in found.entries.value or ()] == [True]


def test_grub_1_is_read():
    first, second = entries({"/boot/grub/menu.lst": LEGACY})
    assert (first.title, first.default, first.root_place) == ("A", False, "")
    assert (second.title, second.default, second.root_place) == ("CentOS (2.6.32)", True, "system:1")


def test_extlinux_is_read():
    (one,) = entries({"/boot/extlinux.conf": SYSLINUX, "/boot/vmlinuz-virt": b""})
    assert (one.title, one.default, one.root_place, one.kernel_there) == ("Linux virt", True, "system:1", True)
    assert one.initramfs == (b"initramfs-virt",)


def test_a_configuration_on_the_efi_partition_is_found():
    assert len(entries({"/boot/efi/EFI/centos/grub.cfg": GRUB})) == 2


def test_no_loader_is_absent():
    found = read_loading(guest_with({}), None)
    assert found.loaders.state is found.entries.state is FactState.ABSENT


@pytest.mark.parametrize(
    "path",
    [
        "/boot/grub/grub.cfg",
        "/boot/grub/menu.lst",
        "/boot/extlinux.conf",
        "/boot/loader/entries/a.conf",
        "/boot/grub/grubenv",
    ],
)
@given(
    st.lists(
        st.sampled_from(
            [
                "menuentry '",
                "'",
                "linux ",
                "title ",
                "LABEL x\n",
                "APPEND ",
                "default",
                "=",
                "\n",
                "\t",
                ">",
                "{",
                "\x00",
            ]
        )
    )
)
def test_any_text_is_borne(path, parts):
    read_loading(guest_with({path: "".join(parts)}), NAMES)


def test_a_long_hostile_line_takes_no_long_time():
    entries({"/boot/grub/grub.cfg": "menuentry '" * 100_000 + "\n" + "menuentry 'a" + " --id" * 100_000 + GRUB})


def test_a_password_on_the_kernels_command_line_is_masked():
    text = "menuentry 'x' {\n linux /vmlinuz root=UUID=ab password=hunter2 quiet\n}\n"
    (entry,) = read_loading(guest_with({"/boot/grub/grub.cfg": text}), NAMES).entries.value or ()
    assert entry.options == "root=UUID=ab password=*** quiet"
