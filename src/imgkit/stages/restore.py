"""Objects of Archive classes are frozen: ask for their restore, and wait until they can be read.

Archive takes about a minute, ColdArchive one to twelve hours, DeepColdArchive up to two days (OSS, "Restore objects").
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

from imgkit.model.cloud_object import ObjectInfo
from imgkit.ports import ObjectStore
from imgkit.progress import NULL_PROGRESS, Progress

DAYS = 3  # how long the restored copy stays; it is billed meanwhile
_PAUSES_SECONDS = (1, 2, 5, 10, 20, 30)
_LONGEST_PAUSE_SECONDS = 60.0


def restore_object(
    store: ObjectStore, key: str, *, sleep: Callable[[float], None], progress: Progress = NULL_PROGRESS
) -> ObjectInfo:
    """Return the object as soon as it can be read; one that is not frozen at once, and without asking for anything."""
    info = store.describe(key)
    if not info.frozen:
        return info
    store.restore(key, days=DAYS)
    with progress.bar(f"restoring {key} ({info.storage_class})", total=None, unit="s") as bar:
        waited = 0.0
        for pause in _pauses():
            info = store.describe(key)
            if not info.frozen:
                return info
            sleep(pause)
            waited += pause
            bar.set_done(int(waited))
    raise AssertionError("pauses do not end")


def begin_restores(store: ObjectStore, keys: Iterable[str]) -> None:
    """Ask for the restore of all that are frozen, so that they thaw at once while the first is waited for."""
    for key in keys:
        if store.describe(key).frozen:
            store.restore(key, days=DAYS)


def _pauses() -> Iterator[float]:
    return chain(_PAUSES_SECONDS, repeat(_LONGEST_PAUSE_SECONDS))
