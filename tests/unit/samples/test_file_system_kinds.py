from imgkit.samples.file_system_kinds import KINDS


def test_every_kind_has_a_name_of_its_own():
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_plain_kinds_are_those_without_owners():
    assert {kind.name for kind in KINDS if kind.plain} == {"fat12", "fat16", "fat32", "exfat", "ntfs"}
