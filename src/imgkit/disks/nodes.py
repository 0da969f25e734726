"""JSON nodes for QEMU's programs, built from a guarded header: explicit formats, no backing, names that are just names.

A name may hold commas, colons, newlines or bytes that are no UTF-8, which JSON cannot hold. So QEMU only ever sees
`disk0` in a private folder, a symbolic link to the file. Relative names inside a header, should one ever pass the
guard, lead into that empty folder.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgkit.disks.headers.header import ImageHeader
from imgkit.errors import NeedsKey, NotAccessible
from imgkit.model.formats import DiskFormat
from imgkit.tools.qemu_program import Node

_LONGEST_FOLDER = 80  # a socket's path ends at 107 bytes, on macOS at 103


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give an empty folder that nobody else may enter, its path short and plain enough for a socket and for JSON."""
    usual = tempfile.gettempdir()
    plain = usual.isascii() and usual.isprintable() and len(usual) < _LONGEST_FOLDER
    try:
        made = tempfile.TemporaryDirectory(prefix="imgkit-", dir=usual if plain else "/tmp")  # noqa: S108  # mode 0700
    except OSError as error:
        raise NotAccessible(
            f"cannot make a temporary folder: {error.strerror or error}",
            hint="Set TMPDIR to a folder you may write to.",
        ) from error
    with made as name:
        yield Path(name)


def build_node(header: ImageHeader, folder: Path) -> Node:
    """Return the node for a guarded image, and put the links that it needs into the private `folder`.

    Raises NeedsKey for an encrypted image.
    """
    if header.encrypted:
        raise NeedsKey(
            f"{header.path} is encrypted, and no key was given",
            hint="imgkit cannot decrypt qcow2 images; decrypt it with qemu-img and its secret object first.",
        )
    if header.region is not None:
        return _region_node(header, folder)
    node: dict[str, object] = {
        "driver": header.format.qemu_name,
        "backing": build_node(header.backing, folder) if header.backing else None,
        "file": _file_node(header.path, folder),
    }
    if header.format is DiskFormat.VHD:
        node["force_size_calc"] = "current_size"  # else QEMU computes the size from a rounded geometry
    return node


def _region_node(header: ImageHeader, folder: Path) -> Node:
    """A raw file as a whole, or the stretch of a fixed VHD or flat VMDK that is the disk."""
    assert header.region is not None
    node: dict[str, object] = {"driver": "raw", "file": _file_node(header.region.path, folder)}
    if header.format is not DiskFormat.RAW:
        node |= {"offset": header.region.offset, "size": header.virtual_size}
    return node


def _file_node(path: Path, folder: Path) -> Node:
    link = folder / f"disk{len(list(folder.iterdir()))}"
    link.symlink_to(path.absolute())
    return {"driver": "file", "filename": str(link)}
