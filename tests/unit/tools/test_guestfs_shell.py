"""Lines for the appliance's shell, without an appliance."""

import base64
import gzip
import subprocess

import pytest

from imgkit.tools.guestfs_shell import SweepFailed, sweep, true_devices, true_name


def test_the_answer_comes_in_parts_and_is_put_together_again():
    packed = gzip.compress(b"x" * 100)

    def run(line: str) -> str:
        if line.startswith("("):
            return ""
        offset = int(line.split("+")[1].split(maxsplit=1)[0]) - 1 if "tail" in line else len(packed)
        return base64.b64encode(packed[offset : offset + 10]).decode()

    assert gzip.decompress(b"".join(sweep("stat", run))) == b"x" * 100


def test_anything_on_standard_error_makes_the_answer_worthless():
    with pytest.raises(SweepFailed, match="Input/output error"):
        list(sweep("stat", lambda _: "find: './x': Input/output error\n"))


@pytest.mark.parametrize("kind", ["stat", "links", "sha256", "xattrs"])
def test_the_lines_are_ones_that_a_shell_takes(kind):
    lines: list[str] = []

    def run(line: str) -> str:
        lines.append(line)
        return ""

    list(sweep(kind, run))
    for line in lines:
        assert subprocess.run(["sh", "-n", "-c", line], check=False).returncode == 0


def test_drives_are_in_the_order_of_their_targets_and_not_of_their_names():
    said = "sda /sys/devices/x/host2/target2:0:10/2:0:10:0\nsdb /sys/devices/x/host2/target2:0:0/2:0:0:0\nsdc\n"
    assert true_devices(lambda _: said) == ["/dev/sdb", "/dev/sda"]


@pytest.mark.parametrize(
    ("device", "name"),
    [("/dev/sda", "/dev/sdz"), ("/dev/sdb2", "/dev/sdaa2"), ("/dev/vg/lv", "/dev/vg/lv"), ("/dev/md127", "/dev/md127")],
)
def test_a_partition_follows_its_drive(device, name):
    assert true_name(device, ["/dev/sdz", "/dev/sdaa"]) == name


def test_letters_go_on_behind_z():
    assert true_name("/dev/sdab1", [f"/dev/x{number}" for number in range(28)]) == "/dev/x271"
