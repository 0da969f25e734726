from imgkit.disks.lvm_guestfs import LvmRows, bare_uuid, describe_lvm, lvm_uuid

PV_A, PV_B, LV = (
    "x1qLuWtvuPw2hmgTF33Zsfq5QlxlK6Ih",
    "wpefL2vqPKWDVwmbLbdqpEESKjA3g8u6",
    "xObS9723xtsQ6jTrLB3CPPWvEHPjbcnG",
)
VG = "LjN7ooEQTXV7ffaMK6TzGHyASXSE1aWa"


def rows(*physical: dict[str, object], attributes: str = "-wi-a-----") -> LvmRows:
    return LvmRows(
        physical=physical,
        groups=({"vg_name": "vg-a", "vg_uuid": VG, "vg_size": 200, "vg_free": 20},),
        logical=({"lv_name": "www", "lv_uuid": LV, "lv_size": 80, "lv_attr": attributes},),
        members={"vg-a": frozenset({PV_A, PV_B})},
        holdings={"vg-a": frozenset({LV})},
    )


def pv(name: str, uuid: str) -> dict[str, object]:
    return {"pv_name": name, "pv_uuid": uuid, "pv_size": 100, "pv_free": 10}


def place(device: str) -> str:
    return {"/dev/sda": "system", "/dev/sdb1": "xvdb:1"}[device]


def test_each_volume_knows_its_group_and_what_it_lies_on():
    lvm = describe_lvm(rows(pv("/dev/sda", PV_A), pv("/dev/sdb1", PV_B)), place)
    assert [(one.place, one.group) for one in lvm.physical] == [("system", "vg-a"), ("xvdb:1", "vg-a")]
    assert [(one.place, one.group, one.active) for one in lvm.logical] == [("/dev/vg-a/www", "vg-a", True)]
    assert set(lvm.lies_on["/dev/vg-a/www"]) == {"system", "xvdb:1"}
    assert lvm.groups[0].missing_volumes == 0


def test_a_physical_volume_on_a_disk_that_is_not_there_is_counted_as_missing():
    lvm = describe_lvm(rows(pv("/dev/sda", PV_A), pv("[unknown]", PV_B), attributes="-wi-----p-"), place)
    assert [one.place for one in lvm.physical] == ["system"]
    assert lvm.groups[0].missing_volumes == 1
    assert lvm.lies_on["/dev/vg-a/www"] == ("system",)
    assert not lvm.logical[0].active


def test_uuids_are_written_as_lvm_does():
    assert lvm_uuid(PV_A) == "x1qLuW-tvuP-w2hm-gTF3-3Zsf-q5Ql-xlK6Ih"
    assert bare_uuid(lvm_uuid(PV_A)) == PV_A
    assert lvm_uuid("odd") == "odd"
