"""The log of what was served."""

from tests.unit.simulator.requests_at_rest import NOW

from imgkit.simulator import request_log
from imgkit.simulator.request_log import RequestLog, Served

SERVED = Served(at=NOW, service="oss", action="GetObject", method="GET", path="/b/key", status=200)


def test_a_request_is_noted_at_once_and_finished_later():
    log = RequestLog()
    number = log.add(SERVED)
    assert log.all() == (SERVED,)
    log.finish(number, 7)
    assert log.all()[0].bytes_sent == 7


def test_a_forgotten_request_is_not_finished():
    log = RequestLog()
    number = log.add(SERVED)
    log.clear()
    log.finish(number, 7)
    assert log.all() == ()


def test_the_log_does_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr(request_log, "_MOST", 3)
    log = RequestLog()
    for _ in range(5):
        log.add(SERVED)
    assert len(log.all()) == 3
