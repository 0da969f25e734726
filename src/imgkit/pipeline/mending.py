"""A downloaded object that is damaged: only the parts that differ are fetched again."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.model.checked import CheckedObject
from imgkit.model.download import DownloadedObject
from imgkit.model.manifest import Outcome
from imgkit.ports import RangeSource
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.stages.download import download_object
from imgkit.stages.recheck import set_aside_damaged
from imgkit.transfer.budget import Budget
from imgkit.transfer.settings import DEFAULT_SETTINGS, TransferSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedObject:
    """What was found, and what came of fetching; None where the file held, or could not be judged."""

    found: CheckedObject
    fetched: DownloadedObject | None = None


def mend_object(
    source: RangeSource,
    target: Path,
    *,
    workspace: Path,
    settings: TransferSettings = DEFAULT_SETTINGS,
    progress: Progress = NULL_PROGRESS,
    budget: Budget | None = None,
) -> MendedObject:
    """Make a file that differs, or is not here, be the object that the service has, proven as any download.

    While it is mended it has no name: killed, the same command or a plain download goes on. Raises what
    `set_aside_damaged` and `download_object` raise.
    """
    found = set_aside_damaged(source, target, workspace=workspace, progress=progress, rule=settings.retry_rule)
    if found.is_here and found.outcome is not Outcome.FAILED:
        return MendedObject(found=found)
    fetched = download_object(source, target, workspace=workspace, settings=settings, progress=progress, budget=budget)
    return MendedObject(found=found, fetched=fetched)
