"""How an object is fetched: how many ranges at once, how large, how patiently."""

from dataclasses import dataclass

from imgkit.errors import SettingsError
from imgkit.transfer.retry import RetryRule
from imgkit.units import KiB

MOST_JOBS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """`jobs` None begins with a few ranges at once and lets measured speed decide. `part_bytes` None lets the size of
    the object decide. A journal that is there keeps its own part size.

    `attempts` counts failures in a row of one part without a single byte between them. `stall_seconds` is how long a
    range may give nothing. `commit_seconds` is how often what has arrived is made durable and journalled.
    `bytes_per_second` bounds all ranges together; 0 is no limit.
    """

    jobs: int | None = None
    part_bytes: int | None = None
    buffer_bytes: int = 256 * KiB
    attempts: int = 12
    first_delay_seconds: float = 0.5
    longest_delay_seconds: float = 60.0
    stall_seconds: float = 60.0
    bytes_per_second: int = 0
    commit_seconds: float = 0.5  # the disk writes from the start on, and not when the last byte has come

    def __post_init__(self) -> None:
        _require(
            self.jobs is None or 1 <= self.jobs <= MOST_JOBS,
            f"--jobs must lie between 1 and {MOST_JOBS}, not {self.jobs}",
        )
        _require(self.part_bytes is None or self.part_bytes >= 64 * KiB, "--part-size must be at least 64 KiB")
        _require(self.buffer_bytes >= 1, "a buffer must hold at least one byte")
        _require(self.attempts >= 1, "there must be at least one attempt")
        _require(self.bytes_per_second >= 0, "--limit-rate cannot be below nothing")
        _require(self.stall_seconds > 0 and self.commit_seconds > 0, "a time must be longer than nothing")

    @property
    def retry_rule(self) -> RetryRule:
        return RetryRule(
            attempts=self.attempts,
            first_delay_seconds=self.first_delay_seconds,
            longest_delay_seconds=self.longest_delay_seconds,
        )


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise SettingsError(f"the transfer cannot be done like that: {rule}")


DEFAULT_SETTINGS = TransferSettings()
