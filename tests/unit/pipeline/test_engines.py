"""Which engine it becomes. The engines themselves are fakes: what each sees is given."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from imgkit.errors import CannotLookInside, DiskImageUnsafe, NeedsKey, SettingsError, ToolMissing
from imgkit.model.disk import DiskImage
from imgkit.model.engine import Engine
from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole
from imgkit.model.storage import EncryptedState, EncryptedVolume, FileSystem, Journal, Storage
from imgkit.model.volume_key import VolumeKey
from imgkit.pipeline.engines import EngineRequest, Opened, open_machine

ROLE = DiskRole()
KEY = VolumeKey(label="key", secrets=(b"x",))
CLEAN = Storage(file_systems=(FileSystem(place="system", roles=(ROLE,), type="ext4", journal=Journal.CLEAN),))
DIRTY = Storage(file_systems=(FileSystem(place="system", roles=(ROLE,), type="ext4", journal=Journal.PENDING),))
REPLAYED = Storage(file_systems=(FileSystem(place="system", roles=(ROLE,), type="ext4", journal=Journal.REPLAYED),))
MISSING = ToolMissing("libguestfs is not installed", hint="apt-get install it")


def locked(state: EncryptedState) -> Storage:
    return Storage(encrypted=(EncryptedVolume(place="system", roles=(ROLE,), type="luks2", state=state),))


class Machine:
    """Sees this, or fails with it."""

    def __init__(self, sees: Storage | Exception) -> None:
        self._sees = sees
        self.os_places: Sequence[str] = ()
        self.appliance = SimpleNamespace(version="1.48.6", reason="KVM is absent: no /dev/kvm")

    @property
    def storage(self) -> Storage:
        if isinstance(self._sees, Exception):
            raise self._sees
        return self._sees


class Engines:
    """`launched` counts how often libguestfs was started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.native: Storage | Exception = CLEAN
        self.guestfs: Storage | Exception = CLEAN
        self.launched = 0
        monkeypatch.setattr("imgkit.pipeline.engines.open_native_machine", self._open_native)
        monkeypatch.setattr("imgkit.pipeline.engines.open_guestfs_machine", self._open_guestfs)

    @contextmanager
    def _open_native(self, _: Sequence[DiskImage]) -> Iterator[Machine]:
        if isinstance(self.native, DiskImageUnsafe):
            raise self.native
        yield Machine(self.native)

    @contextmanager
    def _open_guestfs(self, *_: Any, **__: Any) -> Iterator[Machine]:
        self.launched += 1
        if isinstance(self.guestfs, ToolMissing):
            raise self.guestfs
        yield Machine(self.guestfs)


@pytest.fixture
def engines(monkeypatch) -> Engines:
    return Engines(monkeypatch)


def opened(tmp_path, engine: Engine = Engine.AUTO, *keys: VolumeKey) -> Opened:
    image = DiskImage(path=tmp_path / "system.raw", format=DiskFormat.RAW, role=ROLE)
    with open_machine([image], EngineRequest(engine=engine, keys=keys)) as found:
        return found


def test_a_clean_disk_is_read_natively_without_a_launch(engines, tmp_path):
    found = opened(tmp_path)
    assert (found.engine, found.lacking, engines.launched) == ("native", (), 0)


def test_a_dirty_journal_calls_libguestfs_and_says_why(engines, tmp_path):
    engines.native, engines.guestfs = DIRTY, REPLAYED
    found = opened(tmp_path)
    assert found.engine == "native and guestfs"
    assert found.reason == "libguestfs changes the answer for system (changes wait in its journal)"
    assert found.machine.storage.file_systems[0].journal is Journal.REPLAYED
    assert [tool.name for tool in found.tools] == ["libguestfs"]


@pytest.mark.parametrize("error", [MISSING, CannotLookInside("it does not start")])
def test_without_libguestfs_the_stale_reading_comes_with_what_it_lacks(engines, tmp_path, error):
    engines.native, engines.guestfs = DIRTY, error
    found = opened(tmp_path)
    assert found.engine == "native"
    (lack,) = found.lacking
    assert lack.subject == "storage/system"
    assert error.message in lack.message


def test_native_never_calls_libguestfs(engines, tmp_path):
    engines.native = DIRTY
    assert (opened(tmp_path, Engine.NATIVE).engine, engines.launched) == ("native", 0)


def test_guestfs_says_why_it_is_slow(engines, tmp_path):
    assert "KVM is absent" in opened(tmp_path, Engine.GUESTFS).reason


def test_both_gives_a_second_opinion_even_of_a_clean_disk(engines, tmp_path):
    found = opened(tmp_path, Engine.BOTH)
    assert (found.engine, found.second is None, engines.launched) == ("native", False, 1)


def test_both_without_libguestfs_is_an_error(engines, tmp_path):
    engines.guestfs = MISSING
    with pytest.raises(ToolMissing):
        opened(tmp_path, Engine.BOTH)


def test_disks_that_imgkit_itself_cannot_open_are_left_to_libguestfs(engines, tmp_path):
    engines.native = CannotLookInside("the child ended three times")
    found = opened(tmp_path)
    assert found.engine == "guestfs"
    assert "ended three times" in found.reason


def test_an_unsafe_image_is_refused_and_goes_to_no_other_engine(engines, tmp_path):
    engines.native = DiskImageUnsafe("it names /etc/shadow")
    with pytest.raises(DiskImageUnsafe):
        opened(tmp_path)
    assert engines.launched == 0


def test_a_key_calls_libguestfs_and_a_wrong_one_is_an_error(engines, tmp_path):
    engines.native = locked(EncryptedState.NO_KEY)
    engines.guestfs = locked(EncryptedState.OPENED)
    assert "a key was given" in opened(tmp_path, Engine.AUTO, KEY).reason
    engines.guestfs = locked(EncryptedState.REFUSED)
    with pytest.raises(NeedsKey):
        opened(tmp_path, Engine.AUTO, KEY)


def test_an_encrypted_disk_without_a_key_needs_no_launch(engines, tmp_path):
    engines.native = locked(EncryptedState.NO_KEY)
    assert (opened(tmp_path).engine, engines.launched) == ("native", 0)


def test_the_native_engine_takes_no_keys(engines, tmp_path):
    with pytest.raises(SettingsError, match="no encrypted volumes"):
        opened(tmp_path, Engine.NATIVE, KEY)
