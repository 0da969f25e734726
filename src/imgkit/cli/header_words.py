"""What the header of a disk image says, as lines and as data."""

from collections.abc import Iterator
from typing import Any

from imgkit.disks.headers.header import ImageHeader
from imgkit.safe_text import safe_text
from imgkit.units import describe_bytes

_MARKS = ("encrypted", "dirty", "corrupt")
_SHOWN_SNAPSHOTS = 8


def header_as_text(header: ImageHeader) -> str:
    """Return a few lines for a person."""
    return "\n".join(_lines(header))


def header_as_data(header: ImageHeader) -> dict[str, Any]:
    """Return the same for a program. Sizes are bytes; what the format does not know is null."""
    geometry = header.geometry
    return {
        "path": str(header.path),
        "files": [str(file) for file in header.files],
        "format": header.format.value,
        "subformat": safe_text(header.subformat),
        "virtual_size": header.virtual_size,
        "file_size": _file_bytes(header),
        "room_bytes": _room_bytes(header),
        "allocated_bytes": header.allocated_bytes,
        "creator": safe_text(header.creator),
        "geometry": geometry and [geometry.cylinders, geometry.heads, geometry.sectors],
        "geometry_bytes": geometry and geometry.sector_count * 512,
        "encrypted": header.encrypted,
        "dirty": header.dirty,
        "corrupt": header.corrupt,
        "snapshots": [safe_text(name) for name in header.snapshots],
        "snapshot_count": header.snapshot_count,
        "backing": str(header.backing.path) if header.backing else None,
        "notes": [safe_text(note) for note in header.notes],
    }


def _lines(header: ImageHeader) -> Iterator[str]:
    yield f"{safe_text(str(header.path))}: {header.format} {safe_text(header.subformat)}".rstrip()
    yield f"disk:  {describe_bytes(header.virtual_size)} ({header.virtual_size} bytes)"
    yield f"file:  {describe_bytes(_file_bytes(header))}, of which {describe_bytes(_room_bytes(header))} take room"
    if header.allocated_bytes is not None:
        yield f"in use: {describe_bytes(header.allocated_bytes)} of blocks"
    if header.geometry is not None:
        it = header.geometry
        yield f"geometry: {it.cylinders} cylinders, {it.heads} heads, {it.sectors} sectors"
    if header.creator:
        yield f"made by {safe_text(header.creator)}"
    if marks := [mark for mark in _MARKS if getattr(header, mark)]:
        yield f"marked as {', '.join(marks)}"
    if header.snapshot_count:
        more = ", …" if header.snapshot_count > _SHOWN_SNAPSHOTS else ""
        names = ", ".join(safe_text(name) for name in header.snapshots[:_SHOWN_SNAPSHOTS])
        yield f"snapshots: {header.snapshot_count} ({names}{more})"
    if header.backing is not None:
        yield f"over {safe_text(str(header.backing.path))}: {header.backing.format}"
    yield from (f"note: {safe_text(note)}" for note in header.notes)


def _file_bytes(header: ImageHeader) -> int:
    return header.path.stat().st_size


def _room_bytes(header: ImageHeader) -> int:
    """Return what the image's own files take on their file systems; holes take nothing."""
    return sum(file.stat().st_blocks * 512 for file in header.files)
