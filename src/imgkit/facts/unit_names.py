"""Names of systemd's units: types, templates, instances, and the folders of drop-ins of each (systemd.unit(5))."""

TYPES = frozenset(
    ("service", "socket", "target", "device", "mount", "automount", "swap", "path", "timer", "slice", "scope")
)


def is_unit(name: str) -> bool:
    """Whether a file name is that of a unit."""
    stem, dot, kind = name.rpartition(".")
    return bool(stem) and bool(dot) and kind in TYPES and len(name) < 256


def template_of(name: str) -> str:
    """Return the template of an instance, `getty@.service` of `getty@tty1.service`; empty for any other name."""
    stem, _, kind = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    return f"{prefix}@.{kind}" if at and instance else ""


def is_template(name: str) -> bool:
    """Whether a name is that of a template."""
    return name.rpartition(".")[0].endswith("@")


def drop_in_folders(name: str) -> tuple[str, ...]:
    """Return the names of the folders whose `.conf` files change a unit; a more special one comes later."""
    stem, _, kind = name.rpartition(".")
    found = [f"{kind}.d"]
    parts = stem.split("-")
    found += ["-".join(parts[:count]) + f"-.{kind}.d" for count in range(1, min(len(parts), 20))]
    template = template_of(name)
    return (*found, *((f"{template}.d",) if template else ()), f"{name}.d")
