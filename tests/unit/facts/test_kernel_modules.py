from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts.kernel_modules import read_kernel_modules
from imgkit.model.fact import FactState


def test_loaded_modules_and_lines_of_modprobe_are_told():
    fact = read_kernel_modules(
        guest_with(
            {
                "/etc/modules": "# x\nvirtio_net\n",
                "/etc/modules-load.d/a.conf": "; y\nbr_netfilter\n",
                "/usr/lib/modules-load.d/a.conf": "hidden\n",
                "/etc/modprobe.d/b.conf": "blacklist pcspkr\ninstall usb /bin/true\ninstall x /opt/x; modprobe y\nz\n",
            }
        )
    )
    assert [(line.kind, line.text) for line in held(fact)] == [
        ("load", "virtio_net"),
        ("load", "br_netfilter"),
        ("blacklist", "blacklist pcspkr"),
        ("install", "install usb /bin/true"),
        ("install", "install x /opt/x; modprobe y"),
    ]
    assert fact.remarks == ("/etc/modprobe.d/b.conf line 3: loading or removing a module runs /opt/x; modprobe y",)


def test_nothing_of_it_is_absent():
    assert read_kernel_modules(guest_with({})).state is FactState.ABSENT


@given(st.binary())
def test_any_bytes_are_borne(data):
    read_kernel_modules(guest_with({"/etc/modules": data, "/etc/modprobe.d/x.conf": data}))
