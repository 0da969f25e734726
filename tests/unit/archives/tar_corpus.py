"""Good, damaged, escaping, ambiguous and exploding archives, each with the outcome it must have."""

import bz2
import gzip
import lzma
import struct
from dataclasses import dataclass

import zstandard
from tests.unit.archives import tar_samples as t

from imgkit.errors import ArchiveDamaged, ArchiveUnsafe, ImgkitError, NoSingleDisk
from imgkit.units import GiB, MiB, TiB

Refusal = type[ImgkitError]


@dataclass(frozen=True, kw_only=True)
class Case:
    """`disk` is what must come out, `refusal` what must be raised, `words` what the sentence or a note must say."""

    archive: bytes
    disk: bytes | None = None
    refusal: Refusal | None = None
    words: str = ""


MBR = bytes(510) + b"\x55\xaa"
DATA = MBR + bytes(range(256)) * 48 + bytes(16384) + b"end of disk".ljust(4096, b".") + bytes(1536)
SEGMENTS = [(0, 12800), (29184, 4096)]
STORED = t.gather(DATA, SEGMENTS)
PLAIN = t.file(DATA)
TAR = PLAIN + t.END
FRAGMENTS = [(number * 1536, 512) for number in range(100)]
FRAGMENTED = b"".join(bytes([number + 1]) * 512 + bytes(1024) for number in range(100))
FOOTER = b"conectix".ljust(512, b"\0")
VDI = b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(64, b"\0") + b"\x7f\x10\xda\xbe" + bytes(444)
QCOW2 = b"QFI\xfb\0\0\0\3" + bytes(1016)


def good(archive: bytes, disk: bytes = DATA, words: str = "") -> Case:
    return Case(archive=archive, disk=disk, words=words)


def bad(refusal: Refusal, archive: bytes, words: str) -> Case:
    return Case(archive=archive, refusal=refusal, words=words)


def damaged(archive: bytes, words: str) -> Case:
    return bad(ArchiveDamaged, archive, words)


def unsafe(archive: bytes, words: str) -> Case:
    return bad(ArchiveUnsafe, archive, words)


def no_disk(archive: bytes, words: str) -> Case:
    return bad(NoSingleDisk, archive, words)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


def zstd(data: bytes, *, window: int = 0) -> bytes:
    """A zstd frame with a checksum; with `window`, one that streams and does not know its size."""
    if not window:
        return zstandard.ZstdCompressor(write_checksum=True).compress(data)
    parameters = zstandard.ZstdCompressionParameters(
        window_log=window, write_checksum=True, write_content_size=False, enable_ldm=True
    )
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return stream.compress(data) + stream.flush()


ZSTD = zstd(TAR)
SKIPPABLE = struct.pack("<II", 0x184D2A50, 7) + b"a frame"

GOOD = {
    "ustar": good(TAR),
    "v7": good(t.file(DATA, magic=t.V7) + t.END),
    "star": good(t.file(DATA, tail=t.STAR_TAIL) + t.END),
    "a magic that only begins as ustar's": good(t.file(DATA, magic=b"ustar000", prefix=b"no/prefix") + t.END),
    "old gnu": good(t.file(DATA, magic=t.OLD_GNU) + t.END),
    "type NUL, as v7 wrote it": good(t.file(DATA, kind=b"\0", magic=t.V7) + t.END),
    "contiguous file": good(t.file(DATA, kind=b"7") + t.END),
    "prefix and name": good(t.file(DATA, b"system.raw", prefix=b"a/long/folder") + t.END),
    "long name of GNU": good(t.long_name(b"n" * 300 + b".raw") + t.file(DATA, magic=t.OLD_GNU) + t.END),
    "long name of pax": good(t.pax([("path", "p" * 300 + ".raw")]) + PLAIN + t.END),
    "size from pax": good(t.pax([("size", str(len(DATA)))]) + t.header(size=0) + t.padded(DATA) + t.END),
    "size in base 256": good(t.header(size=t.base_256(len(DATA))) + t.padded(DATA) + t.END),
    "harmless global header": good(t.pax([("comment", "made by hand")], b"g") + TAR),
    "volume label": good(t.header(b"label", kind=b"V", magic=t.OLD_GNU) + TAR),
    "many zeroes behind the end": good(TAR + bytes(3 * MiB)),
    "no end blocks": good(PLAIN, words="lacks the blocks"),
    "one end block": good(PLAIN + bytes(512), words="lacks the blocks"),
    "absolute name": good(t.file(DATA, b"/etc/system.raw") + t.END),
    "dots in a name": good(t.file(DATA, b"a..b/...raw/..system.raw") + t.END),
    "name like an option": good(t.file(DATA, b"--to-command=sh.raw") + t.END),
    "name with escapes": good(t.file(DATA, b"\x1b[2Jsystem\n.raw") + t.END),
    "name that is no text": good(t.file(DATA, b"\xff\xfe\x80.raw") + t.END),
    "folder and companions": good(
        t.header(b"disks/", kind=b"5")
        + t.file(b"notes", b"README")
        + TAR[: -len(t.END)]
        + t.file(b"x", b"s.md5")
        + t.END
    ),
    "AppleDouble of the same name": good(t.file(b"\0\5\x16\7" + bytes(160), b"._system.raw") + TAR),
    "folder in the manner of v7": good(t.header(b"disks/", magic=t.V7) + TAR),
    "qcow2 inside": good(t.file(QCOW2, b"system.qcow2") + t.END, QCOW2),
    "qcow2 called raw": good(t.file(QCOW2) + t.END, QCOW2, words="called raw"),
    "size no multiple of a sector": good(t.file(DATA[:-5]) + t.END, DATA[:-5], words="no multiple"),
    "large file of another name": good(t.file(bytes(2 * MiB) + MBR, b"image") + t.END, bytes(2 * MiB) + MBR),
    "gzip": good(t.gzipped(TAR)),
    "gzip with all header fields": good(t.gzipped(TAR, name=b"system.raw", extra=b"extra", header_crc=True)),
    "gzip of many members": good(t.gzipped_members(TAR, 1000)),
    "gzip of tiny members": good(t.gzipped_members(TAR, 7)),
    "gzip with an empty member": good(t.gzipped(TAR) + t.gzipped(b"")),
    "gzip with zeroes behind it": good(t.gzipped(TAR) + bytes(10_000)),
    "xz": good(lzma.compress(TAR)),
    "xz in two streams": good(lzma.compress(TAR[:5000]) + lzma.compress(TAR[5000:])),
    "xz without checksums": good(lzma.compress(TAR, check=lzma.CHECK_NONE), words="no checksum"),
    "bzip2": good(bz2.compress(TAR)),
    "zstd": good(zstandard.compress(TAR), words="zstd stream carries no checksum"),
    "zstd with a checksum": good(ZSTD),
    "zstd of many frames": good(b"".join(zstd(TAR[at : at + 1000]) for at in range(0, len(TAR), 1000))),
    "zstd with frames to be skipped": good(SKIPPABLE + ZSTD + SKIPPABLE),
    "zstd with a window of its own": good(zstd(TAR, window=21)),
    "zstd with zeroes behind it": good(ZSTD + bytes(10_000)),
    "bare disk in zstd": good(zstd(DATA)),
    "bare disk in xz": good(lzma.compress(DATA)),
    "bare disk in bzip2": good(bz2.compress(DATA)),
    "VHD inside": good(t.file(DATA + FOOTER, b"system.vhd") + t.END, DATA + FOOTER),
    "dynamic VHD inside": good(t.file(FOOTER + DATA + FOOTER, b"system.vhd") + t.END, FOOTER + DATA + FOOTER),
    "VHD called raw": good(t.file(DATA + FOOTER) + t.END, DATA + FOOTER, words="begins or ends like a vhd"),
    "bare VHD in gzip": good(t.gzipped(DATA + FOOTER), DATA + FOOTER),
    "VMDK inside": good(t.file(b"KDMV" + bytes(1020), b"a.vmdk") + t.END, b"KDMV" + bytes(1020)),
    "VDI inside": good(t.file(VDI, b"a.vdi") + t.END, VDI),
    "name of 300 bytes that are no text": good(
        t.long_name(b"\xff" * 296 + b".raw") + t.file(DATA, magic=t.OLD_GNU) + t.END
    ),
    "old GNU header with an old prefix": good(t.file(DATA, magic=t.OLD_GNU, prefix=b"no/prefix") + t.END),
    "checksum over signed bytes": good(t.file(DATA, b"\xfe\xff.raw", checksum=t.signed_checksum) + t.END),
    "bare disk in gzip": good(t.gzipped(DATA)),
    "bare disk in gzip without a signature": good(
        t.gzipped(b"database" * 128), b"database" * 128, words="says what is on"
    ),
    "bare qcow2 in gzip": good(t.gzipped(QCOW2 + b"odd"), QCOW2 + b"odd"),
    "sparse file of holes only": good(t.old_gnu_sparse(b"", [(8192, 0)], 8192) + t.END, bytes(8192)),
    "gigabytes of hole": good(
        t.pax_sparse_10(MBR, [(0, 512), (2 * MiB, 0)], 2 * MiB) + t.END, MBR + bytes(2 * MiB - 512)
    ),
} | {
    f"sparse {name} with {words}": good(build(t.gather(disk, segments), segments, len(disk)) + t.END, disk)
    for name, build in t.SPARSE_BUILDERS.items()
    for words, segments, disk in (
        ("three holes", [*SEGMENTS, (len(DATA), 0)], DATA),
        ("a hundred segments", [*FRAGMENTS, (len(FRAGMENTED), 0)], FRAGMENTED),
    )
}

DAMAGED = {
    "empty": damaged(b"", "empty"),
    "noise": damaged(b"\x07noise" * 500, "neither gzip"),
    "cut in the first header": damaged(TAR[:400], "neither gzip"),
    "cut in the first header, in gzip": damaged(t.gzipped(TAR[:400]), "cut off inside its first"),
    "cut in the data": damaged(TAR[:5000], "cut off in the middle"),
    "cut in the data, in gzip": damaged(t.gzipped(TAR[:5000]), "cut off in the middle"),
    "cut in the padding": damaged(t.file(DATA[:-5])[:-2], "cut off in the padding"),
    "cut in the second header": damaged(PLAIN + t.header(b"notes")[:300], "cut off inside a tar header"),
    "cut behind an extended header": damaged(t.pax([("path", "a.raw")]), "cut off inside a tar header"),
    "ends behind an extended header": damaged(t.pax([("path", "a.raw")]) + t.END, "without the file"),
    "cut in an extended header": damaged(t.pax([("comment", "c" * 2000)])[:1500], "cut off inside an extended header"),
    "wrong checksum": damaged(flipped(TAR, 20), "checksum"),
    "wrong checksum, in gzip": damaged(t.gzipped(flipped(TAR, 20)), "checksum"),
    "wrong checksum of a v7 header": damaged(flipped(t.file(DATA, magic=t.V7), 5) + t.END, "checksum"),
    "wrong checksum of the second header": damaged(PLAIN + flipped(t.file(b"n", b"notes"), 1) + t.END, "checksum"),
    "size is no number": damaged(t.header(size=b"00000x00000\0") + TAR, "no number"),
    "garbage behind the end": damaged(TAR + b"more", "does not belong"),
    "a second tar behind the end": damaged(TAR + TAR, "does not belong"),
    "a header behind one end block": damaged(PLAIN + bytes(512) + TAR, "does not belong"),
    "gzip cut in its header": damaged(t.gzipped(TAR)[:7], "cut off inside the header"),
    "gzip cut in its name": damaged(t.gzipped(TAR, name=b"n" * 40)[:30], "cut off inside the header"),
    "gzip cut in its data": damaged(t.gzipped(TAR)[:-300], "cut off"),
    "gzip cut in its CRC": damaged(t.gzipped(TAR)[:-6], "cut off"),
    "gzip cut in its length": damaged(t.gzipped(TAR)[:-2], "cut off"),
    "gzip with a wrong CRC": damaged(flipped(t.gzipped(TAR), -8 + len(t.gzipped(TAR))), "CRC-32"),
    "gzip with a wrong length": damaged(flipped(t.gzipped(TAR), -2 + len(t.gzipped(TAR))), "CRC-32"),
    "gzip with a wrong header checksum": damaged(flipped(t.gzipped(TAR, header_crc=True), 4), "header checksum"),
    "gzip with reserved flags": damaged(
        flipped(t.gzipped(TAR), 3)[:3] + b"\xe0" + t.gzipped(TAR)[4:], "damaged header"
    ),
    "gzip with garbage behind it": damaged(t.gzipped(TAR) + b"garbage", "does not belong"),
    "gzip with garbage behind zeroes": damaged(t.gzipped(TAR) + bytes(100) + b"garbage", "does not belong"),
    "gzip whose second member is cut": damaged((t.gzipped(PLAIN) + t.gzipped(t.END))[:-4], "cut off"),
    "gzip whose second header is cut": damaged(t.gzipped(TAR) + t.gzipped(b"")[:5], "cut off inside the header"),
    "gzip whose second member is wrong": damaged(
        t.gzipped(PLAIN) + flipped(t.gzipped(t.END), len(t.gzipped(t.END)) - 7), "member 2"
    ),
    "gzip damaged in its data": damaged(t.gzipped(TAR)[:10] + b"\xff" * 50, "damaged within"),
    "xz cut": damaged(lzma.compress(TAR)[:-20], "cut off"),
    "xz damaged": damaged(flipped(lzma.compress(TAR), 60), "xz stream is damaged"),
    "xz with garbage behind it": damaged(lzma.compress(TAR) + b"garbage", "does not belong"),
    "bzip2 cut": damaged(bz2.compress(TAR)[:-20], "cut off"),
    "bzip2 damaged": damaged(flipped(bz2.compress(TAR), 80), "bzip2 stream is damaged"),
    "bzip2 with garbage behind it": damaged(bz2.compress(TAR) + b"garbage", "does not belong"),
    "zstd cut in its header": damaged(ZSTD[:5], "cut off"),
    "zstd cut in a block": damaged(ZSTD[:200], "cut off"),
    "zstd cut in its checksum": damaged(ZSTD[:-2], "cut off"),
    "zstd without its checksum": damaged(ZSTD[:-4], "cut off"),
    "zstd with a wrong checksum": damaged(flipped(ZSTD, len(ZSTD) - 2), "zstd stream is damaged"),
    "zstd damaged": damaged(flipped(ZSTD, 100), "zstd stream is damaged"),
    "zstd with reserved bits": damaged(ZSTD[:4] + bytes([ZSTD[4] | 8]) + ZSTD[5:], "damaged header"),
    "zstd of a wrong size": damaged(ZSTD[:6] + b"\xff" + ZSTD[7:], "zstd stream is damaged"),
    "zstd with a block of an unknown kind": damaged(ZSTD[:4] + b"\4\x50\7\0\0", "zstd stream is damaged"),
    "zstd with a block that is too large": damaged(ZSTD[:4] + b"\4\x50\1\xff\xff", "zstd stream is damaged"),
    "zstd with garbage behind it": damaged(ZSTD + b"garbage", "does not belong"),
    "zstd whose second frame is cut": damaged(zstd(PLAIN) + zstd(t.END)[:-3], "cut off"),
    "zstd whose frame to be skipped is cut": damaged(ZSTD + SKIPPABLE[:-1], "cut off"),
    "zstd of a cut tar": damaged(zstd(TAR[:5000]), "cut off in the middle"),
    "JSON saved as an archive": damaged(b'{"code": "AccessDenied"}', "a JSON document"),
    "error document of OSS, in a gzip": damaged(
        t.gzipped(b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"), "(NoSuchKey)"
    ),
    "error document of OSS": damaged(
        b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>', "(AccessDenied)"
    ),
    "login page": damaged(b"\n <!DOCTYPE html><html><body>Sign in</body></html>", "XML or HTML page"),
    "login page in gzip": damaged(t.gzipped(b"<html><body>Sign in</body></html>"), "XML or HTML page"),
    "pax record of a wrong length": damaged(t.file(b"99 path=a\n", kind=b"x") + TAR, "does not end"),
    "pax record without a length": damaged(t.file(b"path=a\n", kind=b"x") + TAR, "does not begin"),
    "pax record without a key": damaged(t.file(b"5 =a\n", kind=b"x") + TAR, "does not end"),
    "pax record without an end": damaged(t.file(b"9 path=aa", kind=b"x") + TAR, "does not end"),
    "pax size is no number": damaged(t.pax([("size", "-5")]) + TAR, "no number"),
    "pax key with a NUL": damaged(t.pax([("\0NU.sparse.name", "a"), ("size", "1")]) + TAR, "NUL"),
    "pax key behind two blanks": damaged(t.pax([(" size", "1")]) + TAR, "blank"),
    "pax key behind a tab": damaged(t.pax([("\tsize", "1")]) + TAR, "blank"),
    "pax name with a NUL": damaged(t.pax([("path", b"a\0b.raw")]) + TAR, "NUL"),
    "sparse data shorter than its map": damaged(t.old_gnu_sparse(STORED[:-512], SEGMENTS, len(DATA)) + t.END, "needs"),
    "sparse data longer than its map": damaged(t.old_gnu_sparse(STORED + MBR, SEGMENTS, len(DATA)) + t.END, "needs"),
    "pax 1.0 map is no list": damaged(
        t.pax_sparse_10(STORED, [], len(DATA), text="x" * 30 + "\n") + t.END, "no number"
    ),
    "pax 1.0 map without lines": damaged(t.pax_sparse_10(STORED, [], len(DATA), text="1" * 500) + t.END, "no list"),
    "pax 1.0 map cut off": damaged(
        t.pax_sparse_10(b"", [], 9, text="0900\n" + "0\n" * 253 + "0"), "cut off inside a tar header"
    ),
    "pax 1.0 map shorter than it says": damaged(t.pax_sparse_10(b"", [], 9, text="90\n0\n") + t.END, "no list"),
    "pax 1.0 negative segment": damaged(t.pax_sparse_10(STORED, [(-512, 512)], 4096) + t.END, "no number"),
    "pax 0.1 map with an odd count": damaged(
        t.pax_sparse_01(STORED, SEGMENTS, 40000, text="0,512,9") + t.END, "last length"
    ),
    "pax 0.1 map with an empty number": damaged(
        t.pax_sparse_01(STORED, SEGMENTS, 40000, text="0,,9,1") + t.END, "no number"
    ),
    "pax 0.1 map of another count": damaged(
        t.pax_sparse_01(STORED, SEGMENTS, 40000, text="0,512") + t.END, "number of seg"
    ),
    "pax 0.0 map out of turn": damaged(
        t.pax([("GNU.sparse.size", "9"), ("GNU.sparse.numbytes", "1"), ("GNU.sparse.offset", "0")]) + TAR, "in turn"
    ),
    "pax sparse without a size": damaged(
        t.pax([("GNU.sparse.map", "0,1"), ("GNU.sparse.numblocks", "1")]) + TAR, "real size"
    ),
    "sparse map goes on behind its end": damaged(
        t.header(kind=b"S", magic=t.OLD_GNU, tail=bytes(41) + bytes(24) + t.octal(0, 12) * 2) + t.END,
        "behind its own end",
    ),
}

UNSAFE = {
    "climbing name": unsafe(t.file(DATA, b"../../../system.raw") + t.END, "climbs out"),
    "climbing name of a companion": unsafe(t.pax([("path", "a/../../notes")]) + t.file(b"n") + TAR, "climbs out"),
    "hard link": unsafe(t.header(b"system.raw", kind=b"1", link=b"/etc/passwd") + TAR, "a hard link"),
    "symbolic link": unsafe(t.header(b"system.raw", kind=b"2", link=b"/etc/passwd") + t.END, "a symbolic link"),
    "symbolic link behind the disk": unsafe(PLAIN + t.header(b"x", kind=b"2", link=b"y") + t.END, "a symbolic link"),
    "character device": unsafe(t.header(b"null", kind=b"3") + TAR, "a character device"),
    "block device": unsafe(t.header(b"system.raw", kind=b"4") + t.END, "a block device"),
    "FIFO": unsafe(PLAIN + t.header(b"pipe", kind=b"6") + t.END, "a FIFO"),
    "unknown kind": unsafe(PLAIN + t.header(b"what", kind=b"Z") + t.END, "does not know"),
    "member of another volume": unsafe(t.file(DATA, kind=b"M", magic=t.OLD_GNU) + t.END, "does not know"),
    "folder with content": unsafe(t.file(DATA, b"disks/", kind=b"5") + TAR, "claims to have"),
    "8 EiB in base 256": unsafe(t.header(size=t.base_256((1 << 63) - 512)) + MBR, "larger than"),
    "16 EiB in base 256": unsafe(t.header(size=t.base_256((1 << 64) - 1)) + MBR, "absurd"),
    "negative size": unsafe(t.header(size=t.negative(-1)) + MBR, "negative"),
    "8 EiB in pax": unsafe(t.pax([("size", str(1 << 63))]) + TAR, "absurd"),
    "size of thirty digits": unsafe(t.pax([("size", "9" * 30)]) + TAR, "30 digits"),
    "8 EiB of hole": unsafe(t.pax_sparse_10(MBR, [(0, 512)], (1 << 63) - 1) + t.END, "larger than"),
    "a hundred TiB of hole": unsafe(t.pax_sparse_01(MBR, [(0, 512)], 100 * TiB) + t.END, "larger than"),
    "extended header of 4 GiB": unsafe(t.header(b"x", t.base_256(4 * GiB), kind=b"x") + TAR, "extended header claims"),
    "long name of 1 MiB": unsafe(t.long_name(b"n" * MiB) + TAR, "extended header claims"),
    "name of 5000 bytes": unsafe(t.pax([("path", "n" * 5000)]) + TAR, "5000 bytes"),
    "two long names": unsafe(t.long_name(b"a.raw") + t.long_name(b"b.raw") + TAR, "same kind"),
    "long name and pax name": unsafe(t.long_name(b"a.raw") + t.pax([("path", "b.raw")]) + TAR, "two long names"),
    "pax key said twice": unsafe(t.pax([("size", "1"), ("size", "2")]) + TAR, "twice"),
    "global size": unsafe(t.pax([("size", "1")], b"g") + TAR, "global"),
    "global sparse map": unsafe(t.pax([("GNU.sparse.major", "1")], b"g") + TAR, "global"),
    "pax 1.0 map of a billion segments": unsafe(t.pax_sparse_10(b"", [], 9, text="999999999\n") + t.END, "claims"),
    "unknown sparse format": unsafe(
        t.pax([("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0")]) + TAR, "unknown kind"
    ),
    "sparse records before an old GNU sparse file": unsafe(
        t.pax([("GNU.sparse.size", "9")]) + t.old_gnu_sparse(STORED, SEGMENTS, len(DATA)) + t.END, "mixes"
    ),
    "sparse records before an old GNU file": unsafe(
        t.pax([("GNU.sparse.size", "9")]) + t.file(DATA, magic=t.OLD_GNU) + t.END, "dialect"
    ),
    "sparse records before a file of star": unsafe(
        t.pax([("GNU.sparse.size", "9")]) + t.file(DATA, tail=t.STAR_TAIL) + t.END, "dialect"
    ),
    "sparse records before a magic that only begins as ustar's": unsafe(
        t.pax([("GNU.sparse.size", "9")]) + t.file(DATA, magic=b"ustar000") + t.END, "dialect"
    ),
    "sparse kind in a ustar header": unsafe(t.file(DATA, kind=b"S") + t.END, "mixes"),
    "negative segment in base 256": unsafe(
        t.header(
            kind=b"S",
            magic=t.OLD_GNU,
            tail=bytes(41) + (t.negative(-512) + t.octal(1, 12)).ljust(97, b"\0") + t.octal(9, 12),
        )
        + t.END,
        "negative",
    ),
    "zstd that needs a dictionary": unsafe(ZSTD[:4] + b"\x21\x07" + ZSTD[5:], "dictionary"),
    "zstd that needs 2 GiB of memory": unsafe(ZSTD[:4] + b"\x04\xa8" + ZSTD[5:], "128 MiB"),
    "zstd in one segment of 8 EiB": unsafe(ZSTD[:4] + b"\xe4" + b"\xff" * 8, "128 MiB"),
    "a hundred thousand folders": unsafe(t.header(b"d/", kind=b"5") * 100_001 + TAR, "more than 100000"),
    "gzip name without an end": unsafe(t.gzipped(TAR, name=b"n" * 70_000), "no end"),
} | {
    f"{words} segments in {name}": unsafe(build(t.gather(DATA, segments), segments, len(DATA)) + t.END, said)
    for name, build in t.SPARSE_BUILDERS.items()
    for words, segments, said in (
        ("overlapping", [(0, 1024), (512, 1024)], "overlaps"),
        ("unordered", [(4096, 512), (0, 512)], "unordered"),
        ("out-of-range", [(0, 512), (len(DATA) - 512, 1024)], "beyond the end"),
        ("cut", [(0, 500), (512, 524)], "middle of a block"),
    )
}

NO_DISK = {
    "tar without files": no_disk(t.gzipped(bytes(10240)), "nothing in it"),
    "gzip of nothing": no_disk(t.gzipped(b""), "nothing in it"),
    "folder only": no_disk(t.header(b"disks/", kind=b"5") + t.END, "disks/"),
    "companions only": no_disk(t.file(b"notes", b"README") + t.END, "README"),
    "empty disk file": no_disk(t.file(b"") + t.END, "system.raw"),
    "text in gzip": no_disk(t.gzipped(b"a log of something\n" * 30), "of no known kind"),
    "two disks": no_disk(PLAIN + t.file(DATA, b"xvdb.raw") + t.END, "system.raw (34 KiB), xvdb.raw (34 KiB)"),
    "the same disk twice": no_disk(PLAIN + TAR, "2 disks"),
    "two disks, one sparse": no_disk(
        t.old_gnu_sparse(STORED, SEGMENTS, len(DATA)) + t.file(DATA, b"b.img") + t.END, "b.img"
    ),
    "gzip in gzip": no_disk(t.gzipped(gzip.compress(TAR)), "compressed twice"),
    "bare qcow2": no_disk(QCOW2, "bare disk image"),
    "bare raw disk": no_disk(DATA, "bare disk image"),
    "zstd in gzip": no_disk(t.gzipped(ZSTD), "compressed twice"),
    "zstd of nothing": no_disk(zstd(b""), "nothing in it"),
    "ZIP archive": no_disk(b"PK\3\4" + bytes(100), "a ZIP archive"),
    "7z archive": no_disk(b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7z archive"),
    "RAR archive": no_disk(b"Rar!\x1a\7\0" + bytes(100), "a RAR archive"),
    "lz4 file": no_disk(b"\x04\x22\x4d\x18" + bytes(100), "an lz4 file"),
    "lzip file": no_disk(b"LZIP\1" + bytes(100), "an lzip file"),
    "file of compress": no_disk(b"\x1f\x9d\x90" + bytes(100), "compress(1)"),
    "old lzma": no_disk(lzma.compress(TAR, format=lzma.FORMAT_ALONE), "old lzma format"),
    "cpio archive": no_disk(b"070701" + bytes(100), "a cpio archive"),
    "cpio in gzip": no_disk(t.gzipped(b"070701" + bytes(1000)), "a cpio archive"),
    "bare VHD": no_disk(FOOTER + DATA, "bare disk image"),
}

CASES = GOOD | DAMAGED | UNSAFE | NO_DISK
