"""What an archive is, layer by layer; what is none is refused by its name."""

import lzma

import pytest
import zstandard
from tests.unit.archives.tar_corpus import DATA, QCOW2, TAR
from tests.unit.archives.tar_samples import gzipped

from imgkit.archives.layers import Layers
from imgkit.errors import ArchiveDamaged, NoSingleDisk
from imgkit.model.unpacked import ArchiveKind


@pytest.mark.parametrize(
    ("archive", "kind", "inner"),
    [
        (TAR, ArchiveKind.TAR, ArchiveKind.TAR),
        (gzipped(TAR), ArchiveKind.GZIP, ArchiveKind.TAR),
        (gzipped(DATA), ArchiveKind.GZIP, ArchiveKind.DISK),
        (zstandard.compress(TAR), ArchiveKind.ZSTD, ArchiveKind.TAR),
        (lzma.compress(QCOW2), ArchiveKind.XZ, ArchiveKind.DISK),
        (gzipped(b"database" * 64), ArchiveKind.GZIP, ArchiveKind.UNKNOWN),
    ],
)
def test_both_layers_are_told(archive: bytes, kind: ArchiveKind, inner: ArchiveKind) -> None:
    layers = Layers([archive])
    assert (layers.kind, layers.inner_kind) == (kind, inner)


def test_gzip_has_held_only_when_all_was_read() -> None:
    layers = Layers([gzipped(bytes(300_000))])
    assert not layers.gzip_held
    layers.stream.read(1_000_000)
    assert layers.gzip_held


@pytest.mark.parametrize(
    ("archive", "refusal", "words"),
    [
        (b"", ArchiveDamaged, "empty"),
        (b"<html>", ArchiveDamaged, "HTML page"),
        (QCOW2, NoSingleDisk, "bare disk image"),
        (b"\x28\xb5\x2f\xfd", ArchiveDamaged, "zstd stream ends"),
        (b"PK\3\4" + bytes(60), NoSingleDisk, "it is a ZIP archive, which imgkit does not open"),
        (gzipped(b"7z\xbc\xaf\x27\x1c" + bytes(60)), NoSingleDisk, "no disk in it but a 7z archive"),
        (b"words", ArchiveDamaged, "no archive"),
        (gzipped(b""), NoSingleDisk, "nothing in it"),
        (gzipped(gzipped(b"")), NoSingleDisk, "compressed twice"),
    ],
)
def test_what_is_no_archive_is_named(archive: bytes, refusal: type[Exception], words: str) -> None:
    with pytest.raises(refusal, match=words):
        Layers([archive])
