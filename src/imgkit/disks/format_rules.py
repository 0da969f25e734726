"""What each format can hold, and the options with which qemu-img writes it."""

from collections.abc import Mapping

from imgkit.errors import FormatCannotHold, SettingsError
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, GiB, describe_bytes, round_up

_LARGEST_VHD = 2040 * GiB  # 0xff000000 sectors, the end of the specification's block table

# Only what shapes this one file; nothing that names another file, a secret or a size is passed on.
_KNOWN_OPTIONS = {
    DiskFormat.RAW: frozenset[str](),
    DiskFormat.VHD: frozenset({"subformat"}),
    DiskFormat.QCOW2: frozenset(
        {
            "cluster_size",
            "compat",
            "compression_type",
            "extended_l2",
            "lazy_refcounts",
            "preallocation",
            "refcount_bits",
        }
    ),
    DiskFormat.VDI: frozenset({"static"}),
    DiskFormat.VMDK: frozenset({"adapter_type", "compat6", "hwversion", "subformat", "toolsversion", "zeroed_grain"}),
}
_DEFAULTS = {
    DiskFormat.RAW: {},
    # Without force_size QEMU writes the size of a rounded geometry: 40 GiB becomes 1.4 MB more.
    DiskFormat.VHD: {"subformat": "dynamic", "force_size": "on"},
    DiskFormat.QCOW2: {"compat": "1.1"},
    DiskFormat.VDI: {},
    DiskFormat.VMDK: {"subformat": "monolithicSparse"},
}
_ADAPTERS = {"ide", "lsilogic", "buslogic", "legacyESX"}
_WRITTEN_HERE = {"streamOptimized", "monolithicFlat"}
_ZLIB_ALONE = {"0.10", "v2"}  # both are words for the old version of qcow2
_SPLIT = ("twoGbMaxExtentSparse", "twoGbMaxExtentFlat")


def held_size(size: int, to: DiskFormat) -> int:
    """Return the size that a disk of `size` bytes has in that format. Raises FormatCannotHold."""
    if to is DiskFormat.RAW:
        return size
    if to is DiskFormat.VHDX:
        raise FormatCannotHold("imgkit reads VHDX and does not write it", hint="Hyper-V reads VHD too: --to vhd.")
    held = round_up(size, SECTOR_BYTES)
    if to is DiskFormat.VHD and held > _LARGEST_VHD:
        raise FormatCannotHold(
            f"a VHD ends at 2040 GiB, and this disk has {describe_bytes(size)}",
            hint="Choose raw, qcow2, vdi or vmdk with --to.",
        )
    return held


def writing_options(to: DiskFormat, asked: Mapping[str, str], *, compress: bool) -> dict[str, str]:
    """Return the options for qemu-img: the user's over our own. Raises SettingsError, FormatCannotHold."""
    unknown = sorted(asked.keys() - _KNOWN_OPTIONS[to])
    if unknown:
        known = ", ".join(sorted(_KNOWN_OPTIONS[to])) or "none"
        raise SettingsError(f"{to} has no option {', '.join(unknown)}", hint=f"The options of {to} are: {known}.")
    options = _DEFAULTS[to] | dict(asked)
    if options.get("subformat") in _SPLIT:
        raise FormatCannotHold(
            f"imgkit does not write split images ({options['subformat']})",
            hint="Choose monolithicSparse, monolithicFlat or streamOptimized.",
        )
    options = _compressing(to, options) if compress else options
    if to is DiskFormat.VMDK:
        _require_words_of_vmdk(options)
    return options


def _require_words_of_vmdk(options: Mapping[str, str]) -> None:
    """They stand in the text of the descriptor, where a newline would be another line."""
    if options.get("adapter_type", "ide") not in _ADAPTERS:
        raise SettingsError(
            f"VMDK knows no adapter {options['adapter_type']!r}", hint=f"There are: {', '.join(sorted(_ADAPTERS))}."
        )
    for key in ("hwversion", "toolsversion"):
        value = options.get(key, "4")
        if not (value.isascii() and value.isdigit()):
            raise SettingsError(f"{key}={value!r} is no number", hint="ESXi 6.0 has hwversion=11, for example.")
    if options["subformat"] in _WRITTEN_HERE and options.get("zeroed_grain", "off") != "off":
        raise SettingsError(
            f"{options['subformat']} has no zeroed grains", hint="Leave zeroed_grain out: zeroes take no room anyway."
        )


def _compressing(to: DiskFormat, options: dict[str, str]) -> dict[str, str]:
    if to is DiskFormat.QCOW2 and options["compat"] in _ZLIB_ALONE:
        return options
    if to is DiskFormat.QCOW2:  # five times as fast as zlib at about the same size
        return {"compression_type": "zstd"} | options
    if to is DiskFormat.VMDK and options["subformat"] in {"monolithicSparse", "streamOptimized"}:
        return options | {"subformat": "streamOptimized"}
    raise FormatCannotHold(f"{to} cannot be compressed", hint="Compress into qcow2 or vmdk, or leave --compress out.")


def compresses_by_flag(to: DiskFormat) -> bool:
    """Say whether compression is asked of qemu-img with `-c`; a streamOptimized VMDK is compressed by its nature."""
    return to is DiskFormat.QCOW2
