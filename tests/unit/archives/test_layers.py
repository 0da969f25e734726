"""What an archive is, layer by layer; what is none is refused by its name."""

import lzma

import pytest
from tests.unit.archives.tar_corpus import DATA, QCOW2, TAR
from tests.unit.archives.tar_samples import gzipped

from imgkit.archives.layers import Layers
from imgkit.errors import ArchiveDamaged, NoSingleDisk, ToolMissing
from imgkit.model.unpacked import ArchiveKind


@pytest.mark.parametrize(
    ("archive", "kind", "inner"),
    [
        (TAR, ArchiveKind.TAR, ArchiveKind.TAR),
        (gzipped(TAR), ArchiveKind.GZIP, ArchiveKind.TAR),
        (gzipped(DATA), ArchiveKind.GZIP, ArchiveKind.DISK),
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
        (b"\x28\xb5\x2f\xfd", ToolMissing, "Zstandard"),
        (b"words", ArchiveDamaged, "no archive"),
        (gzipped(b""), NoSingleDisk, "nothing in it"),
        (gzipped(gzipped(b"")), NoSingleDisk, "compressed twice"),
    ],
)
def test_what_is_no_archive_is_named(archive: bytes, refusal: type[Exception], words: str) -> None:
    with pytest.raises(refusal, match=words):
        Layers([archive])
