"""The lines that the server writes; what travels through its sockets is tried in integration."""

import pytest

from imgkit.simulator.server import _one_line, _reason, _text


def test_a_value_never_becomes_another_header():
    assert _one_line("a\r\nX-Injected: yes\0") == "a  X-Injected: yes "


@pytest.mark.parametrize(
    ("wire", "meant"), [("ü".encode().decode("latin-1"), "ü"), ("\xfc", "\xfc"), ("plain", "plain")]
)
def test_headers_are_read_as_clients_meant_them(wire, meant):
    assert _text(wire) == meant


def test_odd_statuses_have_a_reason_too():
    assert (_reason(404), _reason(299)) == ("Not Found", "Unknown")
