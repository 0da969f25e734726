"""Archives that are small, or nearly so, and would take all memory, all room or all time of who trusts them."""

import bz2
import lzma
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Protocol

import zstandard
from isal import isal_zlib
from tests.unit.archives import tar_samples as t
from tests.unit.archives.tar_corpus import DATA, MBR

from imgkit.errors import ArchiveDamaged, ArchiveUnsafe, ImgkitError
from imgkit.units import GiB, KiB, MiB

SEGMENTS = 100_000


class Squeezing(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def gzipping() -> Squeezing:
    squeezing: Squeezing = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    return squeezing


def deflated(data: bytes) -> bytes:
    squeezing = gzipping()
    return squeezing.compress(data) + squeezing.flush()


def zeroes(mebibytes: int, squeezing: Squeezing, head: bytes, tail: bytes = t.END) -> bytes:
    """So many zeroes behind a header, compressed."""
    pieces: Iterator[bytes] = chain([head], repeat(bytes(MiB), mebibytes), [tail])
    return b"".join([*map(squeezing.compress, pieces), squeezing.flush()])


def zero_disk(mebibytes: int, squeezing: Squeezing) -> bytes:
    return zeroes(mebibytes, squeezing, t.header(size=mebibytes * MiB))


def with_the_largest_window() -> Squeezing:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, hash_log=10, chain_log=10, strategy=1)
    return zstandard.ZstdCompressor(compression_params=parameters).compressobj()


def old_gnu_segments() -> bytes:
    """A million runs of nothing, 21 in each extension block."""
    nothing = t.octal(20, 12) + t.octal(0, 12)
    head = t.header(kind=b"S", magic=t.OLD_GNU, tail=bytes(41) + nothing * 4 + b"\1" + t.octal(GiB, 12))
    return head + (nothing * 21 + b"\1" + bytes(7)) * (SEGMENTS // 21) + nothing * 21 + bytes(8) + t.END


def segments(count: int) -> list[tuple[int, int]]:
    return [(number * KiB, 512) for number in range(count)]


def in_pax(build: Callable[[bytes, list[tuple[int, int]], int], bytes], count: int) -> bytes:
    return deflated(build(b"\1" * 512 * count, segments(count), count * KiB) + t.END)


def zeroes_that_a_map_calls_data(mebibytes: int) -> bytes:
    size = mebibytes * MiB
    head = t.old_gnu_sparse(b"", [(0, size), (size + MiB, 512)], size + 2 * MiB, size=size + 512)
    return zeroes(mebibytes, gzipping(), head, MBR + t.END)


def one_page_of_data_in(pages: int) -> bytes:
    """Pages that keep the blocks around them in memory, if nobody takes care."""
    part = b"\1" * 4096 + bytes(4096 * (pages - 1))
    return deflated(t.file(part * (128 * MiB // len(part))) + t.END)


def many_keys() -> bytes:
    records = b"".join(b"13 k%07d=\n" % number for number in range(MiB))
    return deflated(t.file(records, kind=b"x") + t.file(DATA) + t.END)


Made = Callable[[], bytes]
GOOD: dict[str, Made] = {
    "1 GiB of zeroes in gzip": lambda: zero_disk(1024, gzipping()),
    "zeroes in many gzip members": lambda: t.gzipped(t.file(DATA) + t.END) + deflated(bytes(16 * MiB)) * 20,
    "zeroes in xz": lambda: zero_disk(64, lzma.LZMACompressor(preset=0)),
    "zeroes in bzip2": lambda: zero_disk(64, bz2.BZ2Compressor()),
    "zeroes in zstd": lambda: zero_disk(512, zstandard.ZstdCompressor().compressobj()),
    "zeroes in zstd with the largest window": lambda: zero_disk(256, with_the_largest_window()),
    "a GiB of hole in many segments": lambda: deflated(old_gnu_segments()),
    "many segments in pax 1.0": lambda: in_pax(t.pax_sparse_10, SEGMENTS),
    "many segments in pax 0.1": lambda: in_pax(t.pax_sparse_01, SEGMENTS),
    "many segments in pax 0.0": lambda: in_pax(t.pax_sparse_00, SEGMENTS),
    "256 MiB of zeroes that a map calls data": lambda: zeroes_that_a_map_calls_data(256),
    "a page of data in two": lambda: one_page_of_data_in(2),
    "a page of data in 256": lambda: one_page_of_data_in(256),
    "a name of 60 KiB in gzip": lambda: t.gzipped(t.file(DATA) + t.END, name=b"n" * 60_000),
    "many files": lambda: deflated(t.file(DATA) + t.header(b"notes") * 30_000 + t.END),
}
BAD: dict[str, tuple[Made, type[ImgkitError]]] = {
    "a million keys": (many_keys, ArchiveUnsafe),
    "16 MiB of digits as an extended header": (lambda: t.file(b"9" * 16 * MiB, kind=b"x") + t.END, ArchiveDamaged),
    "a pax 1.0 map of two million segments of nothing": (
        lambda: deflated(t.pax_sparse_10(MBR, [], GiB, text="1900000\n" + "0\n" * 3_800_000) + t.END),
        ArchiveDamaged,
    ),
}
