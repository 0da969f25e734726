"""Work on many pieces in order: threads go a few pieces ahead of whoever takes the results."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def work_ahead(
    items: Iterable[tuple[T, bool]], work: Callable[[T], R], *, jobs: int, ahead: int, name: str
) -> Generator[tuple[T, R], None, None]:
    """Yield each item with `work(item)`, in order, at most `ahead` results being ready before they are taken.

    Each item says whether it is worth a thread; one that is not is worked on when its turn comes.
    """
    pending: deque[tuple[T, Future[R] | None]] = deque()
    with ThreadPoolExecutor(jobs, thread_name_prefix=name) as pool:
        try:
            for item, is_heavy in items:
                pending.append((item, pool.submit(work, item) if is_heavy else None))
                if len(pending) > ahead:
                    yield _settle(*pending.popleft(), work)
            while pending:
                yield _settle(*pending.popleft(), work)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _settle(item: T, future: Future[R] | None, work: Callable[[T], R]) -> tuple[T, R]:
    return item, work(item) if future is None else future.result()
