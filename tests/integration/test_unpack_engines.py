"""Both engines on the same archives: identical bytes and identical refusals, with the real GNU tar."""

import hashlib
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.archives import tar_samples as t
from tests.unit.archives.tar_corpus import CASES, DATA, SEGMENTS, STORED, TAR, Case

from imgkit.errors import ArchiveError, ArchiveUnsafe, ImgkitError, NoRoom, ToolFailed, ToolMissing
from imgkit.model.unpacked import TarEngine, UnpackedDisk
from imgkit.stages.unpack import unpack_archive
from imgkit.transfer.frontier import GrowingFile
from imgkit.units import GiB, KiB, MiB

FORMATS = ("v7", "oldgnu", "gnu", "ustar", "posix")
SPARSE = ("--format=gnu", *(f"--format=posix --sparse-version={version}" for version in ("0.0", "0.1", "1.0")))

pytestmark = pytest.mark.tools("tar")


def unpack(archive: Path, target: Path, engine: TarEngine) -> UnpackedDisk:
    return unpack_archive(archive, target, engine=engine, overwrite=True)


def make_disk(path: Path, *, extents: int, spacing: int = 256 * KiB) -> bytes:
    """A disk with this many runs of data between holes; returns its SHA-256."""
    noise = random.Random(extents)
    with path.open("wb") as out:
        for number in range(extents):
            out.seek(number * spacing)
            out.write(noise.randbytes(4 * KiB + number % 7 * 512))
        out.truncate(extents * spacing)
    return hashlib.sha256(path.read_bytes()).digest()


def gnu_tar(folder: Path, *words: str) -> None:
    subprocess.run(["tar", *words], cwd=folder, check=True)


def outcome(archive: Path, target: Path, engine: TarEngine) -> tuple[object, ...]:
    """What came of it, in a form that can be compared; the remarks of GNU tar are its own."""
    try:
        done = unpack(archive, target, engine)
    except ImgkitError as error:
        return type(error), error.message
    notes = tuple(note for note in done.notes if not note.startswith("GNU tar remarked"))
    return done.size, done.sha256, done.chunks, done.data_bytes, done.member_name, done.companions, notes, done.format


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_gnu_tar_and_our_reader_agree_on_the_corpus(case: Case, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(case.archive)
    (tmp_path / "out").mkdir()
    gnu = outcome(archive, tmp_path / "out" / "gnu", TarEngine.GNU)
    assert gnu == outcome(archive, tmp_path / "out" / "own", TarEngine.BUILTIN)
    if case.refusal is not None:
        assert list((tmp_path / "out").iterdir()) == []
    else:
        assert (tmp_path / "out" / "gnu").read_bytes() == case.disk


@pytest.mark.parametrize("engine", [TarEngine.GNU, TarEngine.BUILTIN])
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_of_gnu_tar(format_: str, engine: TarEngine, tmp_path: Path) -> None:
    digest = make_disk(tmp_path / "system.raw", extents=9)
    gnu_tar(tmp_path, f"--format={format_}", "-czf", "a.tgz", "system.raw")
    done = unpack(tmp_path / "a.tgz", tmp_path / "disk", engine)
    assert done.sha256 == digest.hex() == hashlib.sha256((tmp_path / "disk").read_bytes()).hexdigest()
    assert (done.engine, done.member_name, done.notes) == (engine, "system.raw", ())


@pytest.mark.parametrize("engine", [TarEngine.GNU, TarEngine.BUILTIN])
@pytest.mark.parametrize("extents", [1, 5, 300])
@pytest.mark.parametrize("options", SPARSE)
def test_every_sparse_format_of_gnu_tar(options: str, extents: int, engine: TarEngine, tmp_path: Path) -> None:
    digest = make_disk(tmp_path / "system.raw", extents=extents)
    gnu_tar(tmp_path, *options.split(), "--sparse", "-czf", "a.tgz", "system.raw")
    done = unpack(tmp_path / "a.tgz", tmp_path / "disk", engine)
    assert done.sha256 == digest.hex() == hashlib.sha256((tmp_path / "disk").read_bytes()).hexdigest()
    assert (tmp_path / "disk").stat().st_blocks * 512 <= done.data_bytes + 64 * KiB


@pytest.mark.tools("zstd")
@pytest.mark.parametrize("options", ["", "-1", "-19", "--ultra -22", "--long=27", "--no-check"])
def test_what_zstd_makes_is_read(options: str, tmp_path: Path) -> None:
    digest = make_disk(tmp_path / "system.raw", extents=9)
    gnu_tar(tmp_path, "-I", f"zstd -q {options}", "-cf", "a.tar.zst", "system.raw")
    done = unpack(tmp_path / "a.tar.zst", tmp_path / "disk", TarEngine.AUTO)
    assert done.sha256 == digest.hex()
    assert bool(done.notes) == (options == "--no-check")


@pytest.mark.parametrize(
    ("options", "engine"), [(SPARSE[0], TarEngine.BUILTIN), (SPARSE[-1], TarEngine.GNU)], ids=["old-gnu", "pax-1.0"]
)
def test_a_disk_beyond_8_gib(options: str, engine: TarEngine, tmp_path: Path) -> None:
    """Its size no longer fits eleven octal digits."""
    (tmp_path / "system.raw").write_bytes(DATA)
    os.truncate(tmp_path / "system.raw", 8 * GiB + MiB)
    gnu_tar(tmp_path, *options.split(), "-S", "-cf", "a.tar", "system.raw")
    done = unpack(tmp_path / "a.tar", tmp_path / "disk", engine)
    assert done.size == 8 * GiB + MiB
    assert (tmp_path / "disk").stat().st_blocks * 512 < MiB


def only(folder: Path, **programs: str | None) -> str:
    """A PATH of exactly these programs: a name with its real program, or a script that prints a version."""
    folder.mkdir()
    for name, target in programs.items():
        assert target is not None
        (folder / name).symlink_to(target)
    return str(folder)


@pytest.mark.tools("bsdtar")
def test_where_only_bsdtar_is_our_own_reader_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tar").write_bytes(t.pax_sparse_10(STORED, SEGMENTS, len(DATA)) + t.END)
    monkeypatch.setenv("PATH", only(tmp_path / "bin", tar=shutil.which("bsdtar"), bsdtar=shutil.which("bsdtar")))
    done = unpack(tmp_path / "a.tar", tmp_path / "disk", TarEngine.AUTO)
    assert done.engine is TarEngine.BUILTIN
    assert (tmp_path / "disk").read_bytes() == DATA
    with pytest.raises(ToolMissing, match="GNU tar is not installed"):
        unpack(tmp_path / "a.tar", tmp_path / "other", TarEngine.GNU)


def test_gnu_tar_is_found_under_its_other_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tar").write_bytes(TAR)
    monkeypatch.setenv("PATH", only(tmp_path / "bin", gtar=shutil.which("tar")))
    done = unpack(tmp_path / "a.tar", tmp_path / "disk", TarEngine.AUTO)
    assert done.engine is TarEngine.GNU
    assert done.tool_version


def test_options_that_a_user_set_for_tar_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tar").write_bytes(TAR)
    monkeypatch.setenv("TAR_OPTIONS", f"--to-command='touch {tmp_path}/ran' --exclude=*.raw")
    assert unpack(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU).notes == ()
    assert not (tmp_path / "ran").exists()


def lying_tar(folder: Path, does: str) -> str:
    """A program that says it is GNU tar, and does something else."""
    folder.mkdir()
    script = folder / "tar"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "tar (GNU tar) 9.9" && exit\n{does}\n')
    script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    "does",
    ["cat >/dev/null", "exit 3", "head -c 700 >/dev/null; exit 0", "cat", "head -c 40000 /dev/zero; cat >/dev/null"],
)
@pytest.mark.parametrize(
    "archive", [TAR, t.pax_sparse_10(STORED, SEGMENTS, len(DATA)) + t.END], ids=["dense", "sparse"]
)
def test_a_tar_that_gives_other_bytes_is_found_out(
    archive: bytes, does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tar").write_bytes(archive)
    monkeypatch.setenv("PATH", lying_tar(tmp_path / "bin", does))
    with pytest.raises(ToolFailed, match="do not unpack the same bytes"):
        unpack(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU)
    assert not list(tmp_path.glob("disk*"))


def test_damage_is_named_even_when_gnu_tar_gave_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tar").write_bytes(t.header(size=64 * MiB) + os.urandom(8 * MiB))
    monkeypatch.setenv("PATH", lying_tar(tmp_path / "bin", "exit 3"))
    with pytest.raises(ArchiveError, match="cut off in the middle"):
        unpack(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU)


@pytest.mark.parametrize("before", ["", "echo 'tar: something else' >&2; "])
def test_no_room_is_said_when_it_is_gnu_tar_that_lacks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    (tmp_path / "a.tar").write_bytes(t.pax_sparse_10(STORED, SEGMENTS, len(DATA)) + t.END)
    does = f"cat >/dev/null; {before}echo 'tar: system.raw: Cannot write: No space left on device' >&2; exit 2"
    monkeypatch.setenv("PATH", lying_tar(tmp_path / "bin", does))
    with pytest.raises(NoRoom):
        unpack(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU)


@pytest.mark.parametrize("engine", [TarEngine.GNU, TarEngine.BUILTIN])
def test_a_gibibyte_of_zeroes_takes_no_room(engine: TarEngine, tmp_path: Path) -> None:
    (tmp_path / "system.raw").touch()
    os.truncate(tmp_path / "system.raw", GiB)
    gnu_tar(tmp_path, "--format=gnu", "-czf", "a.tgz", "system.raw")
    done = unpack(tmp_path / "a.tgz", tmp_path / "disk", engine)
    assert (done.size, done.data_bytes) == (GiB, 0)
    assert (tmp_path / "disk").stat().st_blocks * 512 < MiB


@pytest.mark.parametrize("engine", [TarEngine.GNU, TarEngine.BUILTIN])
def test_a_running_download_is_followed(engine: TarEngine, tmp_path: Path) -> None:
    archive = t.gzipped(t.file(random.Random(1).randbytes(3 * MiB)) + t.END)
    (tmp_path / "growing").write_bytes(archive)
    growing = GrowingFile(tmp_path / "growing", len(archive))
    growing.offer(len(archive))
    done = unpack_archive(tmp_path / "not there yet", tmp_path / "disk", engine=engine, frontier=growing)
    assert done.size == 3 * MiB
    assert done.gzip_crc32_held


SEEDS = (
    t.pax([("path", "a/system.raw"), ("mtime", "1.5")]) + TAR,
    t.long_name(b"n" * 120 + b".raw") + t.file(DATA, magic=t.OLD_GNU) + t.END,
    *(build(STORED, SEGMENTS, len(DATA)) + t.END for build in t.SPARSE_BUILDERS.values()),
)


def resummed(archive: bytearray) -> bytes:
    """Give every header block its right checksum again, so that what lies behind it is reached."""
    for start in range(0, min(len(archive), 4096) - 511, 512):
        if archive[start + 257 : start + 262] == b"ustar":
            archive[start + 148 : start + 156] = b" " * 8
            archive[start + 148 : start + 156] = t.octal(sum(archive[start : start + 512]), 7) + b" "
    return bytes(archive)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.sampled_from(range(len(SEEDS))),
    changes=st.lists(st.tuples(st.integers(0, 2600), st.sampled_from(b"0123459 =,-\n\0\xff\x80xLSg")), max_size=5),
)
def test_altered_headers_mean_the_same_to_both(number: int, changes: list[tuple[int, int]], tmp_path: Path) -> None:
    archive = bytearray(SEEDS[number])
    for place, value in changes:
        archive[place] = value
    (tmp_path / "a.tar").write_bytes(resummed(archive))
    gnu = outcome(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU)
    assert gnu == outcome(tmp_path / "a.tar", tmp_path / "disk", TarEngine.BUILTIN)


@pytest.mark.parametrize("build", ["pax-0.0", "pax-0.1", "pax-1.0"])
@pytest.mark.parametrize(("place", "change"), [(262, b"0"), (475, b"\0" + b"00000000000 " * 2)])
def test_a_sparse_file_in_a_dialect_that_has_none_means_the_same_to_both(
    build: str, place: int, change: bytes, tmp_path: Path
) -> None:
    archive = bytearray(t.SPARSE_BUILDERS[build](STORED, SEGMENTS, len(DATA)) + t.END)
    archive[1024 + place : 1024 + place + len(change)] = change  # behind the extended header and its records
    (tmp_path / "a.tar").write_bytes(resummed(archive))
    gnu = outcome(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU)
    assert gnu == outcome(tmp_path / "a.tar", tmp_path / "disk", TarEngine.BUILTIN)
    assert gnu[0] is ArchiveUnsafe


NUMBERS = st.sampled_from((0, 1, 256, 511, 512, 1024, 4096, 8192, 1 << 40, (1 << 63) - 1))
MAPS = st.lists(st.tuples(NUMBERS, NUMBERS.filter(lambda length: length <= 8192)), max_size=6)


def is_sound(segments: list[tuple[int, int]], size: int) -> bool:
    """What a map must be: in order, apart, inside, and only its last data may end within a block."""
    end, stored = 0, 0
    for offset, length in segments:
        if offset < end or offset + length > size or (length and stored % 512):
            return False
        end, stored = offset + length, stored + length
    return True


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(build=st.sampled_from(sorted(t.SPARSE_BUILDERS)), segments=MAPS, size=st.sampled_from((512, 8192, 9999, 70_000)))
def test_maps_of_all_kinds_mean_the_same_to_both(
    build: str, segments: list[tuple[int, int]], size: int, tmp_path: Path
) -> None:
    stored = b"\1" * sum(length for _, length in segments)
    archive = t.SPARSE_BUILDERS[build](stored, segments, size) + t.END
    (tmp_path / "a.tar").write_bytes(archive)
    gnu = outcome(tmp_path / "a.tar", tmp_path / "disk", TarEngine.GNU)
    assert gnu == outcome(tmp_path / "a.tar", tmp_path / "disk", TarEngine.BUILTIN)
    assert (gnu[0] == size) == is_sound(segments, size)
