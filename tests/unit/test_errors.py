"""Tests of errors.py."""

import re
from collections.abc import Iterator

from imgkit import errors
from imgkit.errors import CloudError, ImgkitError, ToolFailed


def _all(kind: type[ImgkitError] = ImgkitError) -> Iterator[type[ImgkitError]]:
    """The errors that users meet; a room may have narrower ones for itself."""
    yield kind
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from _all(each)


def _kept_for_a_room(kind: type[ImgkitError] = ImgkitError) -> Iterator[type[ImgkitError]]:
    for each in kind.__subclasses__():
        if each.__module__ != errors.__name__:
            yield each
        yield from _kept_for_a_room(each)


def test_an_error_that_a_room_has_for_itself_ends_as_the_one_that_it_is():
    assert all("exit_code" not in vars(kind) for kind in _kept_for_a_room())


def test_every_error_has_an_exit_code_of_its_own():
    codes = [kind.exit_code for kind in _all()]
    assert len(codes) == len(set(codes))


def test_every_code_lies_in_its_branch_of_ten():
    for branch in (kind for kind in ImgkitError.__subclasses__() if kind.exit_code >= 10):
        assert branch.exit_code % 10 == 0
        assert {kind.exit_code // 10 for kind in _all(branch)} == {branch.exit_code // 10}


def test_codes_of_the_shell_and_of_typer_are_left_alone():
    assert not {0, 2, 130, 143} & {kind.exit_code for kind in _all()}


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = dict(re.findall(r"(\w+) {2,}(\d+)", errors.__doc__ or ""))
    assert {name: int(code) for name, code in drawn.items() if name[0].isupper()} == {
        kind.__name__: kind.exit_code for kind in _all()
    }


def test_a_cloud_error_keeps_the_services_own_words():
    error = CloudError("it failed", hint="wait", code="Throttling", request_id="R1")
    assert (str(error), error.hint, error.code, error.request_id) == ("it failed", "wait", "Throttling", "R1")


def test_a_failed_tool_keeps_the_end_of_what_it_said():
    error = ToolFailed("tar failed", returncode=2, stderr_tail="tar: oops")
    assert (error.returncode, error.stderr_tail) == (2, "tar: oops")
