"""Tests of model/role.py."""

import pytest

from imgkit.model.role import DiskRole


@pytest.mark.parametrize(
    ("word", "device"), [("system", ""), ("xvdb", "xvdb"), ("/dev/xvdc", "xvdc"), ("nvme1n1", "nvme1n1")]
)
def test_roles_are_read_from_words_and_devices(word, device):
    assert DiskRole.parse(word).device == device


@pytest.mark.parametrize("word", ["", "/dev/", "../etc", "XVDB", "xvdb/..", "a" * 40, "-x", "x b"])
def test_what_could_be_a_path_or_an_option_is_no_role(word):
    with pytest.raises(ValueError, match=r"device|role"):
        DiskRole.parse(word)


def test_the_system_disk_comes_first():
    assert min([DiskRole("xvdc"), DiskRole(), DiskRole("xvdb")]).is_system
    assert [str(role) for role in sorted([DiskRole("xvdb"), DiskRole()])] == ["system", "xvdb"]
