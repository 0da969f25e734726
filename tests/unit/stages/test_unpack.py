"""Every archive of the corpus has the outcome it must have; and what unpacking promises about its target."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.archives import tar_samples as t
from tests.unit.archives.tar_corpus import CASES, DATA, GOOD, MBR, PLAIN, QCOW2, TAR, Case

from imgkit.digests import CHUNK_BYTES
from imgkit.errors import (
    ArchiveDamaged,
    ArchiveUnsafe,
    NoRoom,
    NoSingleDisk,
    NotAccessible,
    RetriesExhausted,
    TargetExists,
)
from imgkit.files.abilities import Abilities
from imgkit.model.formats import DiskFormat
from imgkit.model.unpacked import ArchiveKind, TarEngine, UnpackedDisk
from imgkit.stages import unpack
from imgkit.stages.unpack import unpack_archive
from imgkit.units import GiB, MiB

Unpack = Callable[..., UnpackedDisk]


@pytest.fixture
def unpacked(tmp_path: Path) -> Unpack:
    """Unpack these bytes to `out/disk` with our own reader."""
    (tmp_path / "out").mkdir()

    def call(archive: bytes, **options: object) -> UnpackedDisk:
        path = tmp_path / "archive"
        path.write_bytes(archive)
        options = {"engine": TarEngine.BUILTIN} | options
        return unpack_archive(path, tmp_path / "out" / "disk", **options)  # type: ignore[arg-type]  # what a test names

    return call


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_the_outcome_is_the_one_it_must_have(case: Case, unpacked: Unpack, tmp_path: Path) -> None:
    if case.refusal is None:
        done = unpacked(case.archive)
        assert (tmp_path / "out" / "disk").read_bytes() == case.disk
        assert case.words in " ".join(done.notes)
        assert bool(case.words) == bool(done.notes)
        return
    with pytest.raises(case.refusal) as refused:
        unpacked(case.archive)
    assert type(refused.value) is case.refusal
    assert case.words in refused.value.message
    assert str(tmp_path / "archive") in refused.value.message
    assert refused.value.hint
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", [name for name, case in GOOD.items() if case.disk == DATA])
def test_digests_are_those_of_the_disk(name: str, unpacked: Unpack) -> None:
    done = unpacked(CASES[name].archive)
    assert done.sha256 == hashlib.sha256(DATA).hexdigest()
    assert done.chunks.digests == (hashlib.sha256(DATA).digest(),)
    assert done.size == done.chunks.size == len(DATA)
    assert done.data_bytes == 22528


@pytest.mark.parametrize("length", [*range(0, 1600, 171), 9000, len(PLAIN) - 1])
def test_no_cut_archive_passes(length: int, unpacked: Unpack, tmp_path: Path) -> None:
    with pytest.raises((ArchiveDamaged, NoSingleDisk)):
        unpacked(TAR[:length])
    with pytest.raises((ArchiveDamaged, NoSingleDisk)):
        unpacked(t.gzipped(TAR)[: length * len(t.gzipped(TAR)) // len(TAR)])
    assert list((tmp_path / "out").iterdir()) == []


def test_the_record_says_what_was_done(unpacked: Unpack, tmp_path: Path) -> None:
    done = unpacked(t.gzipped(t.header(b"d/", kind=b"5") + t.file(b"n", b"READ\x1bME") + TAR))
    assert done.path == tmp_path / "out" / "disk"
    assert (done.engine, done.tool_version) == (TarEngine.BUILTIN, "")
    assert (done.archive_kind, done.gzip_crc32_held) == (ArchiveKind.GZIP, True)
    assert (done.member_name, done.companions) == ("system.raw", ("d/", "READ\\x1bME"))


def test_what_is_no_gzip_had_no_crc_to_hold(unpacked: Unpack) -> None:
    assert not unpacked(TAR).gzip_crc32_held


def test_the_format_is_found_by_content_unless_it_is_said(unpacked: Unpack) -> None:
    archive = t.file(QCOW2) + t.END
    assert unpacked(archive).format is DiskFormat.QCOW2
    assert unpacked(archive, said_format=DiskFormat.RAW, overwrite=True).format is DiskFormat.RAW


def test_a_fixed_vhd_is_known_by_its_footer(unpacked: Unpack) -> None:
    assert unpacked(t.gzipped(DATA + b"conectix".ljust(512, b"\0"))).format is DiskFormat.VHD


def test_one_of_two_disks_can_be_named(unpacked: Unpack, tmp_path: Path) -> None:
    archive = PLAIN + t.file(MBR, b"./xv\x1bdb") + t.END
    assert unpacked(archive, member="./xv\\x1bdb").member_name == "./xv\\x1bdb"
    assert (tmp_path / "out" / "disk").read_bytes() == MBR
    with pytest.raises(NoSingleDisk, match=r"no file named other, but: system\.raw"):
        unpacked(archive, member="other", overwrite=True)


def test_two_members_of_the_name_asked_for_are_none(unpacked: Unpack) -> None:
    with pytest.raises(NoSingleDisk, match="2 files named"):
        unpacked(PLAIN + TAR, member="system.raw")


def test_a_bare_disk_has_no_members_to_name(unpacked: Unpack) -> None:
    with pytest.raises(NoSingleDisk, match="names nothing"):
        unpacked(t.gzipped(DATA), member="system.raw")


def test_nothing_is_overwritten_unasked(unpacked: Unpack, tmp_path: Path) -> None:
    target = tmp_path / "out" / "disk"
    target.write_bytes(b"mine")
    with pytest.raises(TargetExists):
        unpacked(TAR)
    assert target.read_bytes() == b"mine"
    assert unpacked(TAR, overwrite=True).size == len(DATA)


def test_a_failure_leaves_what_was_to_be_overwritten(unpacked: Unpack, tmp_path: Path) -> None:
    target = tmp_path / "out" / "disk"
    target.write_bytes(b"mine")
    with pytest.raises(ArchiveDamaged):
        unpacked(TAR[:5000], overwrite=True)
    assert target.read_bytes() == b"mine"
    assert list(target.parent.iterdir()) == [target]


def test_the_archive_is_never_its_own_target(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(TAR)
    with pytest.raises(TargetExists, match="the archive itself"):
        unpack_archive(path, path, engine=TarEngine.BUILTIN, overwrite=True)
    assert path.read_bytes() == TAR


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAccessible, match=r"cannot read .*missing"):
        unpack_archive(tmp_path / "missing", tmp_path / "disk", engine=TarEngine.BUILTIN)


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(TAR)
    with pytest.raises(NotAccessible, match="cannot write"):
        unpack_archive(tmp_path / "archive", tmp_path / "no" / "disk", engine=TarEngine.BUILTIN)
    assert not (tmp_path / "no").exists()


def test_the_size_allowed_is_asked_before_writing(unpacked: Unpack) -> None:
    assert unpacked(TAR, max_bytes=len(DATA)).size == len(DATA)
    for archive in (TAR, t.gzipped(DATA)):
        with pytest.raises(ArchiveUnsafe, match="larger than") as refused:
            unpacked(archive, max_bytes=len(DATA) - 1, overwrite=True)
        assert "--max-size" in refused.value.hint


def test_zeroes_take_no_room(unpacked: Unpack, tmp_path: Path) -> None:
    unpacked(t.gzipped(t.file(bytes(24 * MiB) + MBR) + t.END))
    assert (tmp_path / "out" / "disk").stat().st_size == 24 * MiB + 512
    assert (tmp_path / "out" / "disk").stat().st_blocks * 512 < MiB


@pytest.mark.parametrize(("free", "largest", "words"), [(30_000, GiB, "sparsely"), (GiB, 30_000, "holds no file of")])
def test_where_no_holes_can_be_the_whole_is_asked_for(
    free: int, largest: int, words: str, unpacked: Unpack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def probe(folder: Path) -> Abilities:
        return Abilities(
            folder=folder,
            free_bytes=free,
            holds_holes=False,
            largest_file_bytes=largest,
            renames_atomically=True,
            too_large_bytes=largest,
        )

    monkeypatch.setattr(unpack, "probe_folder", probe)
    for archive in (TAR, t.gzipped(DATA), t.pax_sparse_10(MBR, [(0, 512)], MiB) + t.END):
        with pytest.raises(NoRoom, match=words):
            unpacked(archive)


def test_a_file_system_that_forgets_the_upper_bits_of_a_size_is_found_out(
    unpacked: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "sync_file", lambda path: os.truncate(path, 512))
    with pytest.raises(NoRoom, match="kept 512 B of a file of"):
        unpacked(TAR)
    assert not list((tmp_path / "out").glob("disk*"))


def test_a_full_disk_is_said_and_leaves_nothing(
    unpacked: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NoRoom, match="no room left while writing"):
        unpacked(TAR)
    assert list((tmp_path / "out").iterdir()) == []


class Download:
    """A frontier that a test moves. It refuses to be asked about more than it has let out, so that nothing hangs."""

    def __init__(self, path: Path, total: int, steps: list[int]) -> None:
        self.path, self.total = path, total
        self._steps = iter(steps)
        self._finished = 0
        self.error: BaseException | None = None

    def wait_beyond(self, offset: int) -> int:
        while self._finished <= offset and self._finished < self.total:
            step = next(self._steps, None)
            if step is None:
                raise self.error or AssertionError("asked beyond the last step")
            self._finished = step
        return self._finished


def test_a_running_download_is_followed(tmp_path: Path, unpacked: Unpack) -> None:
    archive = t.gzipped_members(TAR, 3000)
    growing = tmp_path / "growing"
    growing.write_bytes(archive)
    steps = [*range(100, len(archive), 311), len(archive)]
    done = unpacked(b"not this one", frontier=Download(growing, len(archive), steps))
    assert done.sha256 == hashlib.sha256(DATA).hexdigest()


def test_only_what_is_finished_is_read(tmp_path: Path, unpacked: Unpack) -> None:
    archive = t.gzipped(TAR)
    growing = tmp_path / "growing"
    growing.write_bytes(archive[:200] + bytes(len(archive) - 200))
    download = Download(growing, len(archive), [200])
    download.error = RetriesExhausted("the network is gone")
    with pytest.raises(RetriesExhausted) as raised:
        unpacked(b"", frontier=download)
    assert raised.value is download.error
    assert list((tmp_path / "out").iterdir()) == []


def test_no_thread_is_left(unpacked: Unpack) -> None:
    before = threading.active_count()
    unpacked(TAR)
    for archive in (TAR[:9000], PLAIN + PLAIN):
        with pytest.raises((ArchiveDamaged, NoSingleDisk)):
            unpacked(archive, overwrite=True)
    assert threading.active_count() == before


def test_progress_counts_the_bytes_of_the_archive(unpacked: Unpack) -> None:
    seen: list[tuple[int | None, int]] = []

    class Recording:
        def __init__(self, total: int | None) -> None:
            self._total = total

        def set_done(self, done: int) -> None:
            seen.append((self._total, done))

        def note(self, words: str) -> None: ...

        def __enter__(self) -> "Recording":
            return self

        def __exit__(self, *_: object) -> None: ...

    class Bars:
        def bar(self, title: str, *, total: int | None, unit: str = "B") -> Recording:
            return Recording(total)

    archive = t.gzipped(TAR)
    unpacked(archive, progress=Bars())
    assert seen[-1] == (len(archive), len(archive))


def test_every_chunk_of_a_larger_disk_is_hashed(unpacked: Unpack) -> None:
    disk = MBR + bytes(2 * CHUNK_BYTES) + MBR
    done = unpacked(t.gzipped(t.file(disk) + t.END))
    expected = [hashlib.sha256(disk[at : at + CHUNK_BYTES]).digest() for at in range(0, len(disk), CHUNK_BYTES)]
    assert list(done.chunks.digests) == expected
