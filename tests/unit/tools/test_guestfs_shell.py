"""Lines for the appliance's shell, without an appliance."""

import base64
import gzip
import subprocess

import pytest

from imgkit.tools.guestfs_shell import SweepFailed, stored, sweep, true_devices, true_name


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


FILEFRAG = b"""Filesystem type is: 58465342
File size of /sysroot/x is 584000000292 (584000004096 blocks of 1 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..    4095:   84004864..  84008959:   4096:
   1:   290816..  294911:   84008960..  84013055:   4096:             unwritten
   2: 583999995904..584000004095:   84013056..  84021247:   8192: 233683980288:,eof
/sysroot/x: 4 extents found
"""


def test_what_is_stored_is_read_from_filefrag_without_what_was_never_written():
    lines: list[str] = []

    def run(line: str) -> str:
        lines.append(line)
        if line.startswith("("):
            return ""
        return "" if "+1 " not in line else base64.b64encode(gzip.compress(FILEFRAG)).decode()

    assert stored(b"/x", 10, run) == [[0, 4096], [583999995904, 8192]]
    assert stored(b"/x", 1, run) == [[0, 4096]]
    assert "head -n 13" in lines[0]


@pytest.mark.parametrize(
    "name", [b"/a b", b"/-rf", b"/n\n\n", b"/\xff\xfe", b"/back\\slash\\045%s", b"/'\"$(id)`id`;", b"/" + b"n" * 255]
)
def test_any_name_reaches_the_program_as_it_is(name):
    lines: list[str] = []
    with pytest.raises(SweepFailed):
        stored(name, 1, lambda line: lines.append(line) or "said")  # type: ignore[func-returns-value]
    (line,) = lines
    ask = line[line.index("name=") : line.index(" && timeout")]
    done = subprocess.run(["sh", "-c", f'{ask}; printf %s "/sysroot${{name%x}}"'], capture_output=True, check=True)
    assert done.stdout == b"/sysroot" + name
