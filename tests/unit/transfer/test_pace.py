"""How many at once, how fast."""

import threading

from imgkit.transfer.pace import Gate, SpeedLimit


def test_a_wave_of_refusals_halves_the_width_once() -> None:
    gate = Gate(8)
    waves = [gate.enter() for _ in range(8)]
    for wave in waves:
        gate.narrow(wave)
    assert gate.width == 4


def test_refusals_of_later_requests_halve_it_again_down_to_one() -> None:
    gate = Gate(4)
    for _ in range(5):
        gate.narrow(gate.enter())
        gate.leave()
    assert gate.width == 1


def test_as_many_good_parts_as_it_is_wide_widen_it_by_one() -> None:
    gate = Gate(8)
    gate.narrow(gate.enter())
    for _ in range(4):
        assert gate.width == 4
        gate.widen()
    assert gate.width == 5


def test_it_is_never_wider_than_there_are_jobs() -> None:
    gate = Gate(2)
    for _ in range(10):
        gate.widen()
    assert gate.width == 2


def test_who_finds_it_full_waits_until_somebody_leaves() -> None:
    gate, entered = Gate(1), threading.Event()
    gate.enter()

    def enter() -> None:
        gate.enter()
        entered.set()

    second = threading.Thread(target=enter)
    second.start()
    assert not entered.wait(0.02)
    gate.leave()
    assert entered.wait(5)
    second.join()


def test_who_is_to_stop_waits_no_longer() -> None:
    gate, stop = Gate(1), threading.Event()
    gate.enter()
    waiting = threading.Thread(target=gate.enter, args=(stop,))
    waiting.start()
    stop.set()
    gate.wake()
    waiting.join(5)
    assert not waiting.is_alive()


def test_others_go_on_waiting_where_only_one_transfer_stops() -> None:
    gate, entered = Gate(1), threading.Event()
    gate.enter()

    def enter() -> None:
        gate.enter(threading.Event())
        entered.set()

    other = threading.Thread(target=enter)
    other.start()
    gate.wake()
    assert not entered.wait(0.02)
    gate.leave()
    other.join(5)
    assert entered.is_set()


def test_a_new_target_counts_at_once() -> None:
    gate = Gate(2)
    gate.retarget(5)
    assert (gate.width, gate.target) == (5, 5)
    gate.narrow(gate.enter())
    assert (gate.width, gate.target, gate.wave) == (2, 5, 1)


def test_readers_together_stay_below_the_limit() -> None:
    limit = SpeedLimit(1000, lambda: 50.0)
    assert [limit.pause_after(500), limit.pause_after(500), limit.pause_after(1000)] == [0.5, 1.0, 2.0]


def test_time_that_passed_unused_is_not_saved_up() -> None:
    now = [50.0]
    limit = SpeedLimit(1000, lambda: now[0])
    now[0] = 90.0
    assert limit.pause_after(1000) == 1.0


def test_without_a_limit_nobody_pauses() -> None:
    limit = SpeedLimit(0, lambda: 50.0)
    assert (limit.pause_after(10**12), limit.bite_bytes) == (0.0, None)


def test_with_a_limit_bites_are_small() -> None:
    assert SpeedLimit(800_000, lambda: 0.0).bite_bytes == 100_000
