"""`imgkit download`: several objects into one folder, at once and under one budget; each with its record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from imgkit.errors import (
    Differs,
    ImgkitError,
    NoSuchBucketOrObject,
    ObjectChanged,
    RetriesExhausted,
    TargetExists,
    UrlExpired,
)
from imgkit.evidence.lone import write_lone_record
from imgkit.model.checked import CheckedObject
from imgkit.model.download import DownloadedObject
from imgkit.pipeline.lone_records import download_record
from imgkit.pipeline.mending import MendedObject, mend_object
from imgkit.pipeline.together import run_together
from imgkit.pipeline.wanted import WantedObject
from imgkit.progress import NULL_PROGRESS, Progress, together
from imgkit.stages.download import download_object
from imgkit.stages.recheck import check_object
from imgkit.transfer.budget import Budget
from imgkit.transfer.local_disk import held_bytes, require_room
from imgkit.transfer.places import Places
from imgkit.transfer.settings import TransferSettings

Result = TypeVar("Result")

OF_ONE_OBJECT = (Differs, NoSuchBucketOrObject, ObjectChanged, RetriesExhausted, TargetExists, UrlExpired)


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """What is the same for all objects of one command.

    Each method returns the results in order, with an object's own error in its place: it keeps none of the others from
    coming. Raises what concerns all of them.
    """

    folder: Path
    settings: TransferSettings
    now: Callable[[], datetime]
    progress: Progress = NULL_PROGRESS

    def fetch(self, wanted: Sequence[WantedObject]) -> list[DownloadedObject | ImgkitError]:
        """Download what is not here yet. Raises NoRoom where all of it cannot fit."""
        self._require_room(wanted)
        return self._each(wanted, self._fetch)

    def mend(self, wanted: Sequence[WantedObject]) -> list[MendedObject | ImgkitError]:
        """Fetch only what differs from the service's. Raises NoRoom where all of it cannot fit."""
        self._require_room(wanted)
        return self._each(wanted, self._mend)

    def check(self, wanted: Sequence[WantedObject]) -> list[CheckedObject | ImgkitError]:
        """Fetch nothing."""
        return self._each(wanted, self._check)

    def _each(
        self, wanted: Sequence[WantedObject], do: Callable[[WantedObject, Progress, Budget], Result]
    ) -> list[Result | ImgkitError]:
        budget = Budget(self.settings)
        if len(wanted) == 1:
            return run_together([partial(do, wanted[0], self.progress, budget)], budget=budget, tolerated=OF_ONE_OBJECT)
        sizes = [each.size for each in wanted if each.size is not None]
        total = sum(sizes) if len(sizes) == len(wanted) else None
        with together(self.progress, f"{len(wanted)} objects", total=total) as progress:
            works = [partial(do, each, progress, budget) for each in wanted]
            return run_together(works, budget=budget, tolerated=OF_ONE_OBJECT)

    def _fetch(self, wanted: WantedObject, progress: Progress, budget: Budget) -> DownloadedObject:
        wanted.thaw()
        started = self.now()
        done = download_object(
            wanted.source,
            self.folder / wanted.name,
            workspace=self._workspace,
            settings=self.settings,
            progress=progress,
            budget=budget,
        )
        write_lone_record(done.path, download_record(done, started, self.now()))
        return done

    def _mend(self, wanted: WantedObject, progress: Progress, budget: Budget) -> MendedObject:
        wanted.thaw()
        started = self.now()
        mended = mend_object(
            wanted.source,
            self.folder / wanted.name,
            workspace=self._workspace,
            settings=self.settings,
            progress=progress,
            budget=budget,
        )
        if mended.fetched is not None:
            record = download_record(mended.fetched, started, self.now())
            write_lone_record(mended.fetched.path, record)
        return mended

    def _check(self, wanted: WantedObject, progress: Progress, _: Budget) -> CheckedObject:
        return check_object(wanted.source, self.folder / wanted.name, progress=progress, rule=self.settings.retry_rule)

    def _require_room(self, wanted: Sequence[WantedObject]) -> None:
        """Each download looks for its own room; several at once also need it together."""
        missing = 0
        for each in wanted:
            places = Places(target=self.folder / each.name, workspace=self._workspace)
            held = max(held_bytes(places.target), held_bytes(places.partial))
            missing += max((each.size or 0) - held, 0)
        require_room(self.folder, missing)

    @property
    def _workspace(self) -> Path:
        return self.folder / ".imgkit"
