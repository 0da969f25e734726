from imgkit.samples.rpm_packages import PACKAGES, RpmPackage, berkeley_dump, spec_of


def test_a_package_without_an_epoch_is_not_one_with_the_epoch_0():
    assert "Epoch: 0" in spec_of(RpmPackage(name="x", version="1", epoch=0))
    assert "Epoch" not in spec_of(RpmPackage(name="x", version="1"))
    assert {package.epoch for package in PACKAGES} == {None, 0, 7}


def test_the_braces_of_rpms_macros_survive():
    assert "%{buildroot}/usr/bin/alpha" in spec_of(PACKAGES[0])


def test_the_highest_number_stands_under_the_number_0():
    lines = berkeley_dump([(3, b"\x01"), (9, b"\x02\xff")]).splitlines()
    assert lines[lines.index("HEADER=END") + 1 : -1] == [
        " 00000000", " 09000000", " 03000000", " 01", " 09000000", " 02ff",
    ]  # fmt: skip
    assert lines[-1] == "DATA=END"
