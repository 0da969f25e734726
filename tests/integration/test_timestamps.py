"""Time stamps of a real authority on loopback, and of one that lies."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.timestamp_authority import REPLY, Answer, Authority, make_authority, serving

from imgkit.errors import Differs, SettingsError, TransferError
from imgkit.evidence.timestamp_server import ask_server
from imgkit.evidence.timestamps import ask_for, judge, require_answer
from imgkit.model.signing import Standing

pytestmark = pytest.mark.tools("openssl")

STATEMENT = b'{"schema": "imgkit/statement/1"}\n'


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "authority")


def _asked(answer: Answer, statement: bytes = STATEMENT) -> bytes:
    with serving(answer) as url:
        question = ask_for(statement)
        body = ask_server(url, question.request, proxies={}, ca_bundle="", explain=str)
        require_answer(body, statement, question)
        return body


def test_a_stamp_says_when_and_by_whom(authority: Authority):
    verdict = judge(_asked(authority.answer), STATEMENT, authority.certificate.read_bytes())
    assert verdict.standing is Standing.GOOD
    assert verdict.who.startswith(f"time stamp of {datetime.now(UTC):%Y-%m-%dT}")
    assert verdict.who.endswith("by CN=Test TSA")


def test_without_an_authority_that_is_named_it_is_foreign(authority: Authority, tmp_path: Path):
    answer = _asked(authority.answer)
    other = make_authority(tmp_path / "other", name="Other CA").certificate.read_bytes()
    assert {judge(answer, STATEMENT, trusted).standing for trusted in (None, other)} == {Standing.FOREIGN}


def test_a_stamp_over_other_bytes_is_bad_whoever_is_trusted(authority: Authority):
    answer = _asked(authority.answer)
    for trusted in (None, authority.certificate.read_bytes()):
        assert judge(answer, STATEMENT + b" ", trusted).standing is Standing.BAD


def test_a_certificate_that_had_run_out_when_it_stamped_is_bad(tmp_path: Path):
    expired = make_authority(tmp_path / "expired", start=timedelta(days=-2), end=timedelta(days=-1))
    verdict = judge(_asked(expired.answer), STATEMENT, expired.certificate.read_bytes())
    assert verdict.standing is Standing.BAD
    assert "expired" in verdict.detail


def test_a_certificate_that_has_run_out_since_takes_nothing_from_the_stamp(tmp_path: Path):
    end = datetime.now(UTC) + timedelta(seconds=6)
    brief = make_authority(tmp_path / "brief", end=timedelta(seconds=6))
    answer = _asked(brief.answer)
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 0.5)
    assert judge(answer, STATEMENT, brief.certificate.read_bytes()).standing is Standing.GOOD


def test_an_authority_of_the_same_name_with_another_key_is_not_taken_for_it(authority: Authority, tmp_path: Path):
    impostor = make_authority(tmp_path / "impostor").certificate.read_bytes()
    assert judge(_asked(authority.answer), STATEMENT, impostor).standing is Standing.BAD


def test_one_changed_bit_anywhere_is_never_taken_for_another_time_or_statement(authority: Authority):
    """Some bits lie outside of what is signed, such as the form of an algorithm's name; they change no meaning."""
    trusted = authority.certificate.read_bytes()
    answer = _asked(authority.answer)
    honest = judge(answer, STATEMENT, trusted)
    for place in range(0, len(answer), 7):
        changed = bytearray(answer)
        changed[place] ^= 1 << place % 8
        verdict = judge(bytes(changed), STATEMENT, trusted)
        assert verdict.standing is not Standing.GOOD or verdict == honest


def test_a_certificate_of_a_version_that_is_none_makes_a_stamp_bad(authority: Authority):
    answer = _asked(authority.answer)
    third = b"\xa0\x03\x02\x01\x02"
    assert third in answer
    verdict = judge(answer.replace(third, b"\xa0\x03\x02\x01\x03"), STATEMENT, authority.certificate.read_bytes())
    assert (verdict.standing, "not a valid X509 version" in verdict.detail) == (Standing.BAD, True)


@pytest.mark.parametrize("junk", [b"", b"x" * 100, b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x00"])
def test_what_is_no_stamp_is_bad_and_nothing_worse(junk: bytes):
    assert judge(junk, STATEMENT, None).standing is Standing.BAD


def test_what_is_no_certificate_is_the_signers_fault(authority: Authority):
    answer = _asked(authority.answer)
    with pytest.raises(SettingsError, match="cannot be read"):
        judge(answer, STATEMENT, b"-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")


# --- servers that lie ---


def test_an_answer_with_another_nonce_is_refused(authority: Authority):
    """As one that was recorded earlier, and is played again."""
    recorded = authority.stamp(ask_for(STATEMENT).request)
    with pytest.raises(Differs, match="nonce"):
        _asked(lambda _: (200, REPLY, recorded))


def test_a_stamp_over_something_else_is_refused(authority: Authority):
    elsewhere = authority.stamp(ask_for(b"something else").request)
    with pytest.raises(Differs, match="other bytes"):
        _asked(lambda _: (200, REPLY, elsewhere))


def test_a_stamp_without_its_certificate_is_refused(authority: Authority):
    def bare(request: bytes) -> tuple[int, str, bytes]:
        at = request.rindex(b"\x01\x01\xff")  # certReq TRUE, the request's last field
        return 200, REPLY, authority.stamp(request[:at] + b"\x01\x01\x00" + request[at + 3 :])

    with pytest.raises(TransferError, match="left its certificate out"):
        _asked(bare)


def test_a_refusal_is_told_with_the_servers_words(authority: Authority):
    with pytest.raises(TransferError, match="rejection"):
        _asked(lambda _: (200, REPLY, authority.stamp(b"no request")))


@pytest.mark.parametrize(
    "answer",
    [(500, "text/html", b"oops"), (200, "text/html", b"<html>"), (302, REPLY, b""), (200, REPLY, b"no stamp")],
    ids=["error", "page", "elsewhere", "garbage"],
)
def test_an_answer_that_is_no_stamp_is_refused(answer: tuple[int, str, bytes]):
    with pytest.raises(TransferError):
        _asked(lambda _: answer)


def test_an_answer_without_end_is_not_read_to_its_end():
    with pytest.raises(TransferError, match="too long"):
        _asked(lambda _: (200, REPLY, b"\x30" * 3_000_000))


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(TransferError, match="could not be asked"):
        ask_server("http://127.0.0.1:9/tsr", b"", proxies={}, ca_bundle="", explain=lambda _: "refused")
