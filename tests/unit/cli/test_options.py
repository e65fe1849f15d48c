"""From options to what the engine takes: the command line over the settings, and groups as flat options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer
from msgspec import Struct

from sloth.cli.command import application, flat
from sloth.cli.options import ChoiceOptions, TargetOptions, length, words
from sloth.core.errors import UsageError
from sloth.core.settings import load

NONE = load({"SLOTH_CONFIG": "/dev/null"}, Path("/"))
SET = load(
    {"SLOTH_CONFIG": "/dev/null", "SLOTH_USER": "ada", "SLOTH_INVENTORY": "a,b", "SLOTH_CONNECT_TIMEOUT": "3s",
     "SLOTH_HOST_KEYS": "accept-new", "SLOTH_PRIVATE_KEY": "/k"},
    Path("/"),
)  # fmt: skip


def test_settings_hold_where_the_command_line_is_silent():
    options = TargetOptions()
    made = options.targets(SET, options.sources(SET))
    assert (made.inventory, made.user, made.host_keys, made.connect_timeout, made.private_key) == (
        ("a,b",), "ada", "accept-new", 3.0, "/k",
    )  # fmt: skip


def test_the_command_line_wins_over_the_settings():
    options = TargetOptions(["x,"], user="bob", host_keys="off", connect_timeout="1m", private_key="/l")
    made = options.targets(SET, options.sources(SET))
    assert (made.inventory, made.user, made.host_keys, made.connect_timeout, made.private_key) == (
        ("x,",), "bob", "off", 60.0, "/l",
    )  # fmt: skip


def test_another_user_is_become_without_b_too():
    made = TargetOptions(["x,"], become_user="nobody").targets(NONE, ())
    assert (made.become, made.become_user) == (True, "nobody")
    assert not TargetOptions(["x,"]).targets(NONE, ()).become


def test_without_an_inventory_there_is_no_fallback_to_this_machine():
    with pytest.raises(UsageError, match="no inventory"):
        TargetOptions().sources(NONE)


def test_the_local_connection_needs_no_inventory():
    assert TargetOptions(connection="local").sources(NONE) == ()


@pytest.mark.parametrize(
    ("given", "found"),
    [(None, ()), (["a"], ("a",)), (["a,b", "c"], ("a", "b", "c")), ([" a , ,b "], ("a", "b"))],
)
def test_tags_come_in_any_form(given, found):
    assert words(given) == found


@pytest.mark.parametrize(("text", "seconds"), [("5", 5.0), ("0.5", 0.5), ("2m", 120.0), ("500ms", 0.5)])
def test_times_are_numbers_or_durations(text, seconds):
    assert length(text, "--lock-timeout") == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "", "nan"])
def test_a_time_that_is_none_names_its_option(text):
    with pytest.raises(UsageError, match="--lock-timeout"):
        length(text, "--lock-timeout")


class Pair(Struct, frozen=True):
    """Two options that belong together."""

    first: Annotated[str, typer.Option("--first", "-1")] = "a"
    second: Annotated[bool, typer.Option("--second")] = False


def test_a_group_of_options_is_flat_for_the_user_and_one_value_for_the_command():
    seen: list[object] = []
    made = application()

    @made.command()
    @flat
    def command(pair: Pair, word: str, choice: ChoiceOptions, more: Annotated[int, typer.Option()] = 1) -> int:
        seen.extend([pair, word, choice.tags, more])
        return 0

    words_of_the_line = ["-1", "x", "--second", "hello", "-t", "web", "--more", "2"]
    assert typer.main.get_command(made).main(words_of_the_line, standalone_mode=False) == 0
    assert seen == [Pair("x", True), "hello", ["web"], 2]
