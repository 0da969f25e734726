"""Several pieces of work at once: one that fails by itself keeps none of the others from their end."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from imgkit.errors import ImgkitError
from imgkit.transfer.budget import Budget

Result = TypeVar("Result")

AT_ONCE = 4  # disks: each has its own unpacking, and together they share one line
_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 10.0


def run_together(
    works: Sequence[Callable[[], Result]],
    *,
    budget: Budget,
    tolerated: tuple[type[ImgkitError], ...],
    at_once: int = AT_ONCE,
) -> list[Result | ImgkitError]:
    """Do all of it, so many at once, and return results in order, or the tolerated error in a result's place.

    Any other error, and an interruption, cancels the budget, so that all transfers stop, and is raised.
    """
    team = _Team(works, budget, tolerated)
    if len(works) == 1:
        team.work()
    else:
        team.run(min(at_once, len(works)))
    return team.outcomes()


class _Team(Generic[Result]):
    def __init__(
        self, works: Sequence[Callable[[], Result]], budget: Budget, tolerated: tuple[type[ImgkitError], ...]
    ) -> None:
        self._waiting = deque(enumerate(works))
        self._budget = budget
        self._tolerated = tolerated
        self._ended: dict[int, Result | ImgkitError] = {}
        self._fatal: list[BaseException] = []

    def run(self, members: int) -> None:
        threads = [threading.Thread(target=self.work, name="imgkit-together", daemon=True) for _ in range(members)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(_LOOK_SECONDS)
        except BaseException:
            self._dismiss(threads)
            raise

    def work(self) -> None:
        while not self._fatal:
            try:
                number, work = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._ended[number] = work()
            except self._tolerated as error:
                self._ended[number] = error
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                self._fatal.append(error)
                self._budget.cancel()

    def outcomes(self) -> list[Result | ImgkitError]:
        if self._fatal:
            raise self._fatal[0]
        return [self._ended[number] for number in sorted(self._ended)]

    def _dismiss(self, threads: Sequence[threading.Thread]) -> None:
        """Let transfers keep what has come, and wait for that, but not for one that hangs."""
        self._waiting.clear()
        self._budget.cancel()
        for thread in threads:
            thread.join(_GRACE_SECONDS)
