"""What system it is: distribution, architecture, time zone."""

from dataclasses import dataclass

from imgkit.model.fact import Fact, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """`name` is the distribution's own; `release` the fullest version that any file tells (`3.2104 U10`, `7.9.2009`).

    `fields` is os-release whole; the words before it are those of os-release.
    """

    name: str
    release: str = ""
    family: str = ""
    id: str = ""
    id_like: tuple[str, ...] = ()
    pretty_name: str = ""
    version: str = ""
    version_id: str = ""
    codename: str = ""
    variant: str = ""
    alinux_minor_id: str = ""
    alinux_update_id: str = ""
    release_line: str = ""
    fields: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """`name` in the words of `uname -m`, from the ELF header of the program `path`."""

    name: str
    bits: int
    path: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Timezone:
    """`name` is empty where only a rule is known; `rule` is the POSIX TZ string at the end of the zone file."""

    name: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What system it is, each fact by itself."""

    os: Fact[OperatingSystem]
    architecture: Fact[Architecture]
    hostname: Fact[str]
    machine_id: Fact[str]
    timezone: Fact[Timezone]
    locale: Fact[str]
