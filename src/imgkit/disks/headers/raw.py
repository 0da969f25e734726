"""Raw images: no header at all; whatever stands in their first sector belongs to the guest."""

from imgkit.disks.headers.header import ImageHeader, Region
from imgkit.disks.headers.image_bytes import MAX_VIRTUAL_BYTES, ImageBytes
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, describe_bytes


def read_raw(source: ImageBytes) -> ImageHeader:
    """Return what there is to say of a raw image: its size."""
    if source.size > MAX_VIRTUAL_BYTES:
        raise source.unsafe(f"it is larger than {describe_bytes(MAX_VIRTUAL_BYTES)}")
    tail = source.size % SECTOR_BYTES
    return ImageHeader(
        format=DiskFormat.RAW,
        virtual_size=source.size,
        file_size=source.size,
        path=source.path,
        files=(source.path,),
        region=Region(path=source.path),
        notes=(f"its size is not a whole number of sectors: the last one has {tail} bytes",) if tail else (),
    )
