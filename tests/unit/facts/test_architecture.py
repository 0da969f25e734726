import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import Link, Shut, guest_with

from imgkit.facts.architecture import read_architecture
from imgkit.model.fact import FactState


def elf(machine: int, *, bits: int = 64, big: bool = False) -> bytes:
    head = bytes([0x7F, *b"ELF", 2 if bits == 64 else 1, 2 if big else 1, 1]) + bytes(9)
    return head + struct.pack(">HHI" if big else "<HHI", 2, machine, 1) + bytes(100)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (elf(62), "x86_64"),
        (elf(183), "aarch64"),
        (elf(3, bits=32), "i386"),
        (elf(243), "riscv64"),
        (elf(258), "loongarch64"),
        (elf(21), "ppc64le"),
        (elf(21, big=True), "ppc64"),
        (elf(22, big=True), "s390x"),
        (elf(999), "ELF machine 999"),
    ],
)
def test_the_header_names_the_machine(header, name):
    fact = read_architecture(guest_with({"/bin/sh": header}))
    assert fact.value is not None
    assert fact.value.name == name


def test_links_are_followed_to_the_program():
    files = {"/sbin": Link(b"usr/sbin"), "/usr/sbin/init": Link(b"/lib/systemd"), "/lib/systemd": elf(62)}
    fact = read_architecture(guest_with(files))
    assert fact.value is not None
    assert (fact.value.name, fact.value.bits, fact.value.path) == ("x86_64", 64, b"/sbin/init")


def test_a_script_in_the_place_of_a_program_is_passed_over():
    fact = read_architecture(guest_with({"/sbin/init": "#!/bin/sh\n" * 9, "/bin/bash": elf(183)}))
    assert fact.value is not None
    assert fact.value.name == "aarch64"


def test_no_program_at_all_is_absent():
    assert read_architecture(guest_with({})).state is FactState.ABSENT


def test_unreadable_programs_are_not_absent():
    fact = read_architecture(guest_with({"/bin/sh": Shut("bad sector"), "/bin/ls": "text"}))
    assert fact.state is FactState.UNDETERMINED
    assert "bad sector" in fact.reason


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_borne(data):
    read_architecture(guest_with({"/bin/sh": b"\x7fELF" + data, "/bin/ls": data}))
