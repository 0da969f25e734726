"""Tests of cli/catalogue.py."""

import pytest
from tests.unit.cli.command_line import imgkit

from imgkit.cli.catalogue import CATALOGUE, Entry
from imgkit.cli.loading import app, load_commands


def _registered() -> dict[str, str]:
    """Names of commands and groups, with the modules that registered them."""
    load_commands()
    groups = {str(each.name): each.typer_instance for each in app.registered_groups}
    commands = {str(each.name): getattr(each.callback, "__module__", "") for each in app.registered_commands}
    for name, group in groups.items():
        commands[name] = getattr(group and group.registered_commands[0].callback, "__module__", "")
    return commands


def test_every_entry_is_registered_by_its_own_module_and_nothing_else_is():
    assert _registered() == {entry.name: entry.module for entry in CATALOGUE}


def test_the_list_says_what_the_catalogue_says_in_its_order():
    shown = imgkit("--help").out
    places = [shown.find(f"  {entry.name} ") for entry in CATALOGUE if entry.name != "tasks"]
    assert all(place > 0 for place in places)
    for entry in CATALOGUE:
        assert entry.summary.split(",")[0] in shown


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_command_explains_itself(entry: Entry):
    ended = imgkit(entry.name, "--help")
    assert ended.code == 0
    assert f"{entry.name} " in ended.out
    assert entry.summary.endswith(".") or entry.summary.endswith("?")
