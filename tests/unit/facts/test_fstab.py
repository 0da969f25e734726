import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.fstab import FstabLine, classify, parse_fstab, read_fstab
from imgkit.model.fact import FactState
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.role import DiskRole
from imgkit.model.storage import Disk, FileSystem, Partition, Storage, TableKind

XVDB = DiskRole("xvdb")
NAMES = DeviceNames(
    storage=Storage(
        disks=(Disk(role=XVDB, device="xvdb", size_bytes=1, table=TableKind.MBR),),
        partitions=(Partition(role=XVDB, number=1, start_bytes=0, size_bytes=1, uuid="pu", name="part name"),),
        file_systems=(FileSystem(place="xvdb:1", roles=(XVDB,), type="ext4", uuid="1234", label="my data"),),
    ),
    missing=(DiskRole("xvdc"),),
)


def entries(text: str) -> tuple[FstabEntry, ...]:
    found = read_fstab(guest_with({"/etc/fstab": text}), NAMES).value
    assert found is not None
    return found


def line(spec: bytes, kind: str = "ext4", *options: str) -> FstabLine:
    return FstabLine(line=1, spec=spec, folder=b"/x", type=kind, options=options)


def test_a_line_is_read_field_by_field():
    (entry,) = entries("# static\n\n/dev/vdb1\t/data  ext4\tdefaults,nofail 1 2\n")
    assert (entry.line, entry.spec, entry.folder, entry.type) == (3, "/dev/vdb1", b"/data", "ext4")
    assert (entry.options, entry.dump, entry.check_pass) == (("defaults", "nofail"), 1, 2)


def test_the_disk_of_the_guests_vdb_is_the_sets_xvdb():
    (entry,) = entries("/dev/vdb1 /data ext4 defaults 0 2\n")
    assert (entry.state, entry.place) == (EntryState.FOUND, "xvdb:1")


@pytest.mark.parametrize(
    "spec",
    [
        "UUID=1234",
        'UUID="1234"',
        "LABEL=my\\040data",
        'LABEL="my data"',
        "PARTUUID=PU",
        "PARTLABEL=part\\040name",
        "/dev/disk/by-uuid/1234",
        r"/dev/disk/by-label/my\x20data",
        r"/dev/disk/by-partlabel/part\x20name",
    ],
)
def test_every_way_of_naming_a_file_system_finds_it(spec):
    (entry,) = entries(f"{spec} /data ext4 defaults 0 2\n")
    assert (entry.state, entry.place) == (EntryState.FOUND, "xvdb:1")


def test_a_line_for_a_missing_disk_is_unresolved_and_names_it():
    (entry,) = entries("/dev/vdc1 /more xfs defaults 0 0\n")
    assert (entry.state, entry.place) == (EntryState.UNRESOLVED, "")
    assert (entry.reason, entry.missing_role) == ("disk xvdc is not in this set", DiskRole("xvdc"))


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (line(b"proc", "proc"), MountKind.VIRTUAL),
        (line(b"tmpfs", "tmpfs"), MountKind.VIRTUAL),
        (line(b"none", "swap"), MountKind.VIRTUAL),
        (line(b"nas:/export", "nfs4"), MountKind.NETWORK),
        (line(b"//nas/share", "cifs"), MountKind.NETWORK),
        (line(b"host:/volume", "fuse.x", "_netdev"), MountKind.NETWORK),
        (line(b"/srv/a", "none", "bind"), MountKind.FOLDER),
        (line(b"/swapfile", "swap"), MountKind.FOLDER),
        (line(b"/dev/vdb1", "auto"), MountKind.DEVICE),
        (line(b"/dev/vdb1", "zfs"), MountKind.DEVICE),
        (line(b"rpool/home", "zfs"), MountKind.DATASET),
    ],
)
def test_what_lies_on_no_disk_is_not_called_missing(found, kind):
    assert classify(found)[0] is kind


def test_a_network_share_is_elsewhere():
    (entry,) = entries("nas:/export /mnt nfs4 _netdev 0 0\n")
    assert (entry.state, entry.reason) == (EntryState.ELSEWHERE, "")


def test_octal_escapes_are_undone_in_the_folder():
    (entry,) = entries("UUID=1234 /my\\040data\\134x ext4\n")
    assert entry.folder == b"/my data\\x"


def test_fields_that_lack_are_as_the_manual_says():
    (entry,) = entries("UUID=1234 /data\n")
    assert (entry.type, entry.options, entry.dump, entry.check_pass) == ("auto", ("defaults",), 0, 0)


def test_a_line_that_is_none_is_noted_and_the_others_hold():
    fact = read_fstab(guest_with({"/etc/fstab": "broken\nUUID=1234 /data ext4\n"}), NAMES)
    assert fact.value is not None
    assert len(fact.value) == 1
    assert fact.notes == ("line 1 has fewer than two fields",)


def test_no_fstab_is_absent_and_an_unreadable_one_is_not():
    assert read_fstab(guest_with({}), NAMES).state is FactState.ABSENT
    with pytest.raises(CannotLookInside):
        read_fstab(guest_with({"/etc/fstab": Shut()}), NAMES)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_borne(data):
    read_fstab(guest_with({"/etc/fstab": data}), NAMES)


PLAIN_WORDS = st.binary(min_size=1).filter(lambda word: not set(word) & set(b" \t\n\r\0\"'\\#="))


@settings(deadline=None)
@given(PLAIN_WORDS, PLAIN_WORDS)
def test_plain_words_come_back_as_they_were(spec, folder):
    (found,), malformed = parse_fstab(spec + b" \t" + folder)
    assert malformed == ()
    assert (found.spec, found.folder) == (spec, folder)


def test_passwords_of_network_shares_are_masked():
    share, dav = entries("//s/x /x cifs user=eve,password=hunter2 0 0\nhttps://eve:hunter2@s/ /y davfs rw 0 0\n")
    assert share.options == ("user=eve", "password=***")
    assert dav.spec == "https://eve:***@s/"


def test_a_file_of_endless_lines_gives_the_first_and_says_so():
    found = read_fstab(guest_with({"/etc/fstab": "/dev/vdb1 / ext4\n" * 2500}), NAMES)
    assert found.value is not None
    assert len(found.value) == 2000
    assert found.partial
    assert found.notes == ("only the first 2000 of its lines are given",)
