"""Tests of cli/command.py: however a command ends, its words and its exit code are the same everywhere."""

import errno
import json
import logging
import os
import re
import signal
from collections.abc import Callable

import pytest
import typer
from tests.unit.cli.command_line import Ended
from typer.testing import CliRunner

from imgkit import errors
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.errors import DoneInPart, ImgkitError, NoSuchBucketOrObject, ToolFailed

Act = Callable[[Console], None]
CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ImgkitError)]


def _run(act: Act, *words: str) -> Ended:
    app = typer.Typer(pretty_exceptions_enable=False)

    @command(app, "try")
    def attempt(console: Console) -> None:
        """Do what the test says."""
        act(console)

    result = CliRunner().invoke(app, list(words))
    return Ended(result.exit_code, result.stdout, result.stderr)


def _raising(error: BaseException) -> Act:
    def act(_: Console) -> None:
        raise error

    return act


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_is_one_sentence_a_hint_and_its_exit_code(kind: type[ImgkitError]):
    ended = _run(_raising(kind("what was done failed", hint="do this")))
    assert ended.code == kind.exit_code
    assert ended.err == "imgkit: what was done failed\nhint: do this\n"
    assert ended.out == ""


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_is_one_json_document(kind: type[ImgkitError]):
    ended = _run(_raising(kind("what was done failed", hint="do this")), "--json")
    assert ended.code == kind.exit_code
    assert ended.data["error"] == {
        "kind": kind.__name__,
        "message": "what was done failed",
        "hint": "do this",
        "exit_code": kind.exit_code,
    }


def test_an_error_without_a_hint_has_no_empty_line_for_it():
    assert _run(_raising(DoneInPart("half"))).err == "imgkit: half\n"


def test_a_result_and_an_error_after_it_are_still_one_document():
    def act(console: Console) -> None:
        console.result("half", {"done": "half"})
        raise DoneInPart("one disk is missing")

    ended = _run(act, "--json")
    assert (ended.code, ended.data) == (3, {"done": "half"})
    assert "one disk is missing" in ended.err


def test_what_is_said_on_the_way_is_never_on_standard_output():
    def act(console: Console) -> None:
        console.say("on the way")
        console.warn("careful")
        logging.getLogger("imgkit.transfer").warning("slow")
        console.result("done", {"done": True})

    ended = _run(act, "--json")
    assert ended.data == {"done": True}
    assert ended.err == "on the way\nwarning: careful\nWARNING: slow\n"


def test_a_traceback_is_shown_only_with_debug():
    error = NoSuchBucketOrObject("no bucket")
    assert "Traceback" not in _run(_raising(error)).err
    ended = _run(_raising(error), "--debug")
    assert "Traceback (most recent call last)" in ended.err
    assert "imgkit: no bucket" in ended.err
    assert ended.code == 16


def test_what_a_program_said_is_shown_with_debug():
    error = ToolFailed("qemu-img failed", stderr_tail="qemu-img: strange")
    assert "strange" not in _run(_raising(error)).err
    assert "qemu-img: strange" in _run(_raising(error), "--debug").err


def test_a_bug_asks_for_a_report():
    ended = _run(_raising(KeyError("xvdb")))
    assert ended.code == 1
    assert "imgkit: this is a bug: KeyError: 'xvdb'" in ended.err
    assert "--debug" in ended.err
    assert "Traceback" not in ended.err


def test_a_bug_is_one_json_document_too():
    ended = _run(_raising(KeyError("xvdb")), "--json")
    assert (ended.code, ended.data["error"]["exit_code"], ended.data["error"]["kind"]) == (1, 1, "KeyError")


def test_a_bug_shows_its_traceback_with_debug():
    assert "Traceback" in _run(_raising(KeyError("xvdb")), "--debug").err


def test_this_machines_disk_is_no_bug():
    full = OSError(errno.ENOSPC, "No space left on device", "/evidence/system.raw")
    ended = _run(_raising(full))
    assert ended.code == errors.NoRoom.exit_code
    assert "/evidence/system.raw" in ended.err


SIGNED = "https://b.oss-cn-hangzhou.aliyuncs.com/k?OSSAccessKeyId=LTAI5tKEY&Expires=1&Signature=s3cr3t%3D"


@pytest.mark.parametrize("words", [(), ("--json",), ("--debug",), ("--json", "--debug")], ids=" ".join)
@pytest.mark.parametrize("kind", [NoSuchBucketOrObject, ValueError])
def test_no_secret_is_shown_whoever_put_it_into_an_error(kind, words):
    ended = _run(_raising(kind(f"cannot fetch {SIGNED}")), *words)
    assert "s3cr3t" not in ended.out + ended.err
    assert "LTAI5tKEY" not in ended.out + ended.err
    assert "cannot fetch https://b.oss-cn-hangzhou" in ended.err


def test_no_escape_of_an_error_reaches_the_terminal():
    ended = _run(_raising(DoneInPart("object \x1b[2Jname", hint="\x1b]0;title\x07")), "--debug")
    assert "\x1b" not in ended.out + ended.err


def test_an_interruption_says_that_the_same_command_goes_on():
    ended = _run(_raising(KeyboardInterrupt()))
    assert ended.code == 130
    assert ended.err.splitlines()[-1].startswith("imgkit: interrupted; ")
    assert "the same command goes on" in ended.err


def test_an_interruption_tells_what_still_runs_elsewhere():
    stop = KeyboardInterrupt()
    stop.add_note("the export task t-1 goes on in the cloud")
    assert _run(_raising(stop)).err.splitlines()[0] == "the export task t-1 goes on in the cloud"


def test_ctrl_c_at_a_question_is_an_interruption():
    assert _run(_raising(typer.Abort())).code == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_stops_the_work_with_a_code_of_its_own(number):
    stopped = []

    def act(_: Console) -> None:
        try:
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 1)
        finally:
            stopped.append(True)

    ended = _run(act)
    assert ended.code == 143
    assert ended.err.startswith("imgkit: terminated; ")
    assert stopped == [True]


def test_afterwards_signals_and_logging_are_as_before():
    logger = logging.getLogger("imgkit")
    before = signal.getsignal(signal.SIGTERM), logger.level, logger.propagate, list(logger.handlers)
    _run(_raising(DoneInPart("half")))
    assert (signal.getsignal(signal.SIGTERM), logger.level, logger.propagate, logger.handlers) == before


def test_a_hangup_that_the_user_has_ruled_out_stays_ruled_out():
    """As with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ended = _run(lambda console: os.kill(os.getpid(), signal.SIGHUP))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ended.code == 0


def test_wrong_words_are_typers_own_code():
    assert _run(lambda _: None, "--no-such-option").code == 2


def test_a_command_may_end_by_itself():
    assert _run(_raising(typer.Exit(0))).code == 0


def test_every_command_has_the_shared_options():
    ended = _run(lambda _: None, "--help")
    assert ended.code == 0
    for option in ("--json", "--verbose", "--quiet", "--log-file", "--debug"):
        assert option in ended.out


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    ended = _run(lambda _: None, "--log-file", str(tmp_path / "no" / "log"))
    assert (ended.code, "--log-file" in ended.err) == (83, True)


def test_the_log_file_has_everything_in_utc_without_secrets(tmp_path):
    def act(_: Console) -> None:
        logging.getLogger("imgkit.process").debug("asking %s", SIGNED)

    path = tmp_path / "log"
    ended = _run(act, "--log-file", str(path))
    (line,) = path.read_text().splitlines()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z DEBUG imgkit.process: asking https://", line)
    assert "s3cr3t" not in line
    assert ended.err == ""


def test_json_is_canonical():
    ended = _run(lambda console: console.result("", {"b": 1, "a": "磁"}), "--json")
    assert ended.out == json.dumps({"a": "磁", "b": 1}, indent=2) + "\n"
