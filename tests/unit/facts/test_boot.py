from tests.unit.facts.test_boot_entries import GRUB, NAMES
from tests.unit.facts.test_initramfs import FILES
from tests.unit.facts.tree import Folder, Shut, guest_with

from imgkit.facts.boot import describe_boot, read_modes
from imgkit.model.fact import Fact, FactState
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.role import DiskRole
from imgkit.model.storage import Partition

ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"


def partition(kind: str) -> Partition:
    return Partition(role=DiskRole(), number=1, start_bytes=0, size_bytes=1, type=kind)


def line(spec: str, kind: MountKind, state: EntryState, *options: str) -> FstabEntry:
    return FstabEntry(
        line=1, spec=spec, folder=b"/", type="ext4", options=options, dump=0, check_pass=0, kind=kind, state=state
    )


def test_the_firmware_is_judged_by_partitions_and_by_what_loaders_left():
    both = read_modes(guest_with({"/boot/grub/i386-pc": Folder()}), [partition(ESP)]).value
    assert (both.bios, both.uefi) == (True, True)
    assert both.evidence == ("/boot/grub/i386-pc is there", "system:1 is an EFI system partition")
    uefi = read_modes(guest_with({"/boot/efi/EFI/BOOT/BOOTX64.EFI": b""}), [partition("0x83")]).value
    assert (uefi.bios, uefi.uefi, uefi.programs) == (False, True, (b"/boot/efi/EFI/BOOT/BOOTX64.EFI",))
    assert read_modes(guest_with({}), [partition("0x83")]).state is FactState.ABSENT


def test_checks_say_what_would_keep_it_from_starting():
    files = {**FILES, "/boot/grub/grub.cfg": GRUB, "/boot/vmlinuz-6.1": b"", "/boot/initrd.img-6.1": FILES["/boot/i"]}
    fstab: Fact[tuple[FstabEntry, ...]] = Fact.present(
        (
            line("UUID=AB", MountKind.UUID, EntryState.FOUND),
            line("/dev/vdb1", MountKind.DEVICE, EntryState.FOUND),
            line("/dev/vdc1", MountKind.DEVICE, EntryState.FOUND, "nofail"),
        ),
        sources=(),
    )
    found = describe_boot(guest_with(files), fstab, NAMES).checks.value
    assert [(one.name, one.passed) for one in found] == [
        ("virtio disk with 6.1", True),
        ("virtio network with 6.1", False),
        ("NVMe disk with 6.1", False),
        ("root of Second by UUID", False),
        ("root of Second exists", False),
        ("kernel of Second", False),
        ("fstab line 1", True),
        ("fstab line 1", False),
    ]


def test_each_fact_fails_alone():
    found = describe_boot(guest_with({"/boot": Shut("torn"), "/lib/modules/6.1": Folder()}), Fact.absent(), NAMES)
    assert found.kernels.state is found.drivers.state is found.checks.state is FactState.UNDETERMINED
    assert "torn" in found.kernels.reason


def test_an_empty_tree_is_absent():
    found = describe_boot(guest_with({}), Fact.absent(), None)
    states = {found.modes.state, found.loaders.state, found.entries.state, found.drivers.state, found.checks.state}
    assert states == {FactState.ABSENT}
