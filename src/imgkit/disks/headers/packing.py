"""How compressed blocks are inflated. Bounded: a block never becomes more than a block, whatever its bytes claim."""

from enum import StrEnum
from typing import cast

import zstandard
from isal import igzip_lib, isal_zlib

from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.units import MiB

_IsalError = cast("type[Exception]", igzip_lib.IsalError)  # its stub calls it an exception, not a class of them


class Packing(StrEnum):
    """RAW_DEFLATE is qcow2's `zlib`, without zlib's header; ZLIB is VMDK's."""

    RAW_DEFLATE = "raw deflate"
    ZLIB = "zlib"
    ZSTD = "zstd"


_MAX_WINDOW_BYTES = 8 * MiB  # no writer needs more than a block, which is 2 MiB at most
_WINDOW_BITS = {Packing.RAW_DEFLATE: -15, Packing.ZLIB: 15}


def inflate(source: ImageBytes, packing: Packing, packed: bytes, block_bytes: int) -> bytes:
    """Return the block's bytes, at most `block_bytes`. What follows the packed bytes in their last sector is not read.

    Raises NotADiskImage when they are damaged; what holds more than a block, or lacks its checksum, is.
    """
    try:
        if packing is Packing.ZSTD:
            return _inflate_zstd(source, packed, block_bytes)
        inflating = isal_zlib.decompressobj(_WINDOW_BITS[packing])
        if packing is Packing.RAW_DEFLATE:
            return inflating.decompress(packed, block_bytes)
        found = inflating.decompress(packed, block_bytes + 1)  # to its end, where the checksum is
    except (_IsalError, zstandard.ZstdError) as error:
        raise source.malformed(f"a compressed block is damaged: {error}") from error
    if len(found) > block_bytes or not inflating.eof:
        raise source.malformed("a compressed block holds more than a block, or ends before its checksum")
    return found


def _inflate_zstd(source: ImageBytes, packed: bytes, block_bytes: int) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES).stream_reader(packed) as reader:
        found = reader.read(block_bytes + 1)
        if len(found) > block_bytes:
            raise source.malformed("a compressed block holds more than a block")
    return found
