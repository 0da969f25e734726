"""Tables of how a system starts, and a line of it for the summary."""

from collections.abc import Iterator

from imgkit.model.boot import Boot, BootCheck, BootEntry, BootModes, KernelDrivers, Loader
from imgkit.model.fact import Fact, FactState
from imgkit.render.titles import Table, decode, list_title, state_words


def boot_tables(boot: Boot, of: str) -> Iterator[Table]:
    """Yield loaders, entries, drivers and checks."""
    evidence = [(one,) for one in boot.modes.value.evidence] if boot.modes.value else []
    yield f"STARTS BY{of}: {_mode_words(boot.modes)}", ("seen",), evidence
    loaders = [(one.kind, one.default, one.timeout, decode(one.path)) for one in boot.loaders.value or ()]
    yield list_title("LOADERS" + of, boot.loaders), ("loader", "default", "timeout", "file"), loaders
    entries = [_entry(one) for one in boot.entries.value or ()]
    yield list_title("BOOT ENTRIES" + of, boot.entries), ("", "title", "kernel", "root is", "command line"), entries
    drivers = [row for one in boot.drivers.value or () for row in _drivers(one)]
    yield list_title("DRIVERS" + of, boot.drivers), ("kernel", "driver", "where", "initramfs"), drivers
    checks = [("passed" if one.passed else "FAILED", one.name, one.words) for one in boot.checks.value or ()]
    yield list_title("BOOT CHECKS" + of, boot.checks), ("", "check", "about"), checks


def boot_words(boot: Boot) -> str:
    """Return the line of the summary: by what it starts, and what would keep it from starting in ECS."""
    loaders = ", ".join(sorted({one.kind for one in boot.loaders.value or ()})) or _loader_words(boot.loaders)
    return "; ".join(word for word in (_mode_words(boot.modes), loaders, _check_words(boot.checks)) if word)


def _mode_words(fact: Fact[BootModes]) -> str:
    if fact.value is None:
        return "neither BIOS nor UEFI is told by the disk" if fact.state is FactState.ABSENT else state_words(fact)
    return " and ".join(name for name, there in (("BIOS", fact.value.bios), ("UEFI", fact.value.uefi)) if there)


def _loader_words(fact: Fact[tuple[Loader, ...]]) -> str:
    return f"loader {state_words(fact)}" if fact.state is FactState.UNDETERMINED else "no loader's configuration"


def _check_words(fact: Fact[tuple[BootCheck, ...]]) -> str:
    checks = fact.value or ()
    failed = [one.name for one in checks if not one.passed]
    if failed:
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        count = f"{len(failed)} of {len(checks)} checks" if len(checks) > 1 else "the one check"
        return f"{count} FAILED: {', '.join(failed[:3])}{more}"
    if len(checks) > 1:
        return f"all {len(checks)} checks passed"
    return "the one check passed" if checks else ""


def _entry(one: BootEntry) -> tuple[str, str, str, str, str]:
    kernel = decode(one.kernel) + ("" if one.kernel_there else " (NOT THERE)")
    root = one.root_place or f"NOT FOUND: {one.root}"
    return "default" if one.default else "", one.title or one.id, kernel, root, one.options


def _drivers(one: KernelDrivers) -> Iterator[tuple[str, str, str, str]]:
    packed = f"{decode(one.initramfs)} ({one.compression or 'not packed'}, {one.files} files)"
    for at, driver in enumerate(one.drivers):
        yield one.kernel if not at else "", driver.name, driver.place, packed if not at else ""
