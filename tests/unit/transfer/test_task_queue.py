"""Parts waiting for a worker."""

import threading

from imgkit.transfer.task_queue import Task, TaskQueue


def drained(queue: TaskQueue) -> list[int]:
    return [task.number for task in iter(queue.take, None)]


def test_the_lowest_part_comes_first() -> None:
    queue = TaskQueue([7, 3])
    queue.put(Task(5))
    queue.close()
    assert drained(queue) == [3, 5, 7]


def test_a_part_given_back_after_the_close_is_still_fetched() -> None:
    queue = TaskQueue([])
    queue.close()
    queue.put(Task(1))
    assert drained(queue) == [1]


def test_an_idle_worker_waits_for_parts_that_may_still_come() -> None:
    queue, taken = TaskQueue([]), list[int]()
    worker = threading.Thread(target=lambda: taken.extend(drained(queue)))
    worker.start()
    queue.put(Task(9))
    queue.close()
    worker.join(5)
    assert taken == [9]


def test_a_stop_sends_home_who_waits_and_who_comes() -> None:
    queue = TaskQueue([1, 2])
    queue.stop()
    assert queue.take() is None
