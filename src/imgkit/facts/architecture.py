"""For which processor: the ELF header of a program that every system has."""

import struct

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Content, Guest
from imgkit.model.fact import Fact
from imgkit.model.identity import Architecture

_PROGRAMS = (
    b"/sbin/init",
    b"/usr/lib/systemd/systemd",
    b"/lib/systemd/systemd",
    b"/bin/sh",
    b"/bin/bash",
    b"/usr/bin/bash",
    b"/bin/busybox",
    b"/bin/ls",
    b"/usr/bin/dpkg",
    b"/usr/bin/rpm",
)
_HEADER_BYTES = 20
_LITTLE, _BIG = 1, 2
_MACHINES = {  # e_machine of the ELF specification, in the words of `uname -m`
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
}


def read_architecture(guest: Guest) -> Fact[Architecture]:
    """Name the processor's architecture by the first of some well-known programs that is one."""
    unreadable = ""
    for path in _PROGRAMS:
        try:
            header = guest.read(path, limit=_HEADER_BYTES)
        except NoSuchPathInside:
            continue
        except CannotLookInside as error:
            unreadable = unreadable or error.message
            continue
        found = parse_elf_header(header)
        if found is not None:
            return Fact.present(found, sources=())
    if unreadable:
        return Fact.undetermined(unreadable)
    return Fact.absent("none of the programs that every system has is there")


def parse_elf_header(header: Content) -> Architecture | None:
    """Read machine and word size from an ELF header, or return None where it is none."""
    data = header.data
    if len(data) < _HEADER_BYTES or not data.startswith(b"\x7fELF") or data[5] not in {_LITTLE, _BIG}:
        return None
    (machine,) = struct.unpack_from("<H" if data[5] == _LITTLE else ">H", data, 18)
    bits = {1: 32, 2: 64}.get(data[4], 0)
    return Architecture(name=_machine_name(machine, bits, big=data[5] == _BIG), bits=bits, path=header.source.path)


def _machine_name(machine: int, bits: int, *, big: bool) -> str:
    name = _MACHINES.get(machine, f"ELF machine {machine}")
    if name in {"riscv", "loongarch"}:
        return f"{name}{bits}"
    return "ppc64le" if name == "ppc64" and not big else name
