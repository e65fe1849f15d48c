"""Binding a call to an action's signature, and what is said when it does not fit."""

import pytest

from sloth.runtime.action import Action, action
from sloth.runtime.catalog import Catalog
from sloth.runtime.coercion import coerce, seconds
from sloth.runtime.failure import BadArguments
from sloth.runtime.host import Host
from tests.actions import actions_of

file_ops = actions_of("file_ops")


MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Mode


@action(synonyms={"packages": ("name", "names")})
def install(
    host: Host,
    *,
    packages: "list[str]",
    state: "Literal['present', 'absent']" = "present",
    mode: "Mode | None" = None,
) -> None:
    """Install packages."""


@action(rest="args")
def command(host: Host, *, prog: str, args: "list[str]" = ()) -> None:  # type: ignore[assignment]  # as modules write it
    """Run a program."""


@action
def render(host: Host, *, template: str, words: "dict[str, object] | None" = None, value: object = None) -> None:
    """Render a template."""


OF_NAMES = [
    action
    for name in Catalog().names
    for action in Catalog().module(name).values()
    if action.rest and "object" not in next(one.type for one in action.parameters if one.name == action.rest)
]
INSTALL, COMMAND, RENDER = Action("pkg", install), Action("exec", command), Action("template", render)


@pytest.mark.parametrize(
    ("positional", "named", "bound"),
    [
        pytest.param(["vim"], {}, {"packages": ["vim"]}, id="one value becomes a list"),
        pytest.param([["vim", "git"]], {}, {"packages": ["vim", "git"]}, id="a list stays"),
        pytest.param([], {"name": "vim"}, {"packages": ["vim"]}, id="synonym"),
        pytest.param([["vim"], "absent"], {}, {"packages": ["vim"], "state": "absent"}, id="in parameter order"),
        pytest.param([], {"packages": ["a"], "mode": None}, {"packages": ["a"]}, id="nil is not given"),
        pytest.param([], {"packages": {}}, {"packages": []}, id="an empty Lua table is an empty list"),
        pytest.param([], {"packages": [1]}, {"packages": ["1"]}, id="numbers become strings"),
    ],
)
def test_a_call_binds_by_position_name_and_synonym(positional, named, bound):
    assert INSTALL.bind(positional, named) == bound


def test_an_empty_lua_table_is_an_empty_list_where_one_is_wanted():
    assert INSTALL.bind([], {}, empty=True) == {"packages": []}
    assert INSTALL.bind([["vim"]], {}, empty=True) == {"packages": ["vim"]}


@pytest.mark.parametrize(
    ("positional", "named", "bound"),
    [
        pytest.param(["x"], {"port": 80}, {"words": {"port": 80}}, id="a table where one is wanted is the value"),
        pytest.param(["x"], {"words": {"port": 80}}, {"words": {"port": 80}}, id="one that names parameters has options"),
        pytest.param(["x", {}], {"words": 1}, {"words": {}, "value": {"words": 1}}, id="any value may be a table"),
        pytest.param([{"template": "x", "value": 1}], {}, {"value": 1}, id="a table where a word is wanted has options"),
    ],
)
def test_a_table_is_a_value_or_options_by_what_its_place_takes(positional, named, bound):
    assert RENDER.bind(positional, named) == {"template": "x", **bound}


def test_a_misspelt_option_is_no_value_where_text_is_expected_first():
    with pytest.raises(BadArguments, match="unknown argument mdoe"):
        Action("file_ops", file_ops.copy).bind(["motd", "/etc/motd"], {"mdoe": "0644"})


@pytest.mark.parametrize(
    "further", [["-l", "/tmp"], [["-l", "/tmp"]], ["-l", ["/tmp"]]], ids=["one by one", "as a list", "both"]
)
def test_the_rest_parameter_takes_all_further_values(further):
    assert COMMAND.bind(["ls", *further], {}) == {"prog": "ls", "args": ["-l", "/tmp"]}


def test_what_takes_any_value_gets_lists_as_they_are():
    say = Catalog().find("log", "info")
    assert say.bind(["a", ["b"]], {}) == {"message": ["a", ["b"]]}


@pytest.mark.parametrize("action", OF_NAMES, ids=lambda action: action.full_name)
def test_a_list_of_names_may_be_one_list(action):
    before = [f"x{number}" for number in range([one.name for one in action.parameters].index(action.rest))]
    assert action.bind([*before, ["a", "b"]], {}) == action.bind([*before, "a", "b"], {})


@pytest.mark.parametrize(
    ("positional", "named", "said"),
    [
        pytest.param([], {}, "pkg.install: missing argument packages", id="missing"),
        pytest.param(
            [],
            {"packages": ["a"], "stat": "present"},
            "unknown argument stat .did you mean state.*; it takes mode, packages, state",
            id="unknown",
        ),
        pytest.param([], {"packages": ["a"], "name": ["b"]}, "packages is given twice", id="name and synonym"),
        pytest.param([["a"], "present", "0644", "more"], {}, "too many arguments", id="too many"),
        pytest.param(
            [], {"packages": ["a"], "state": "gone"}, "one of present, absent, got the string 'gone'", id="choice"
        ),
        pytest.param(
            [], {"packages": ["a"], "mode": 644}, 'quote it, as a number loses its base: "0644"', id="mode as a number"
        ),
        pytest.param(
            [], {"packages": [True]}, "packages wants a list of strings, got the list [True]", id="boolean in a list"
        ),
    ],
)
def test_what_does_not_fit_is_named(positional, named, said):
    with pytest.raises(BadArguments, match=said.replace("[", r"\[").replace("(", r"\(")):
        INSTALL.bind(positional, named)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        pytest.param(644, '"0644"', id="18 as it was written"),
        pytest.param(493, '"0755"', id="18 what YAML makes of 0755"),
        pytest.param(420, '"0644" if 0644 was written, else "0420"', id="18 either"),
    ],
)
def test_a_mode_that_is_a_number_is_refused_with_the_one_that_was_meant(number, advice):
    with pytest.raises(ValueError, match=f"a number loses its base: {advice}$"):
        coerce("Mode | None", number)


@pytest.mark.parametrize(
    ("type_", "value", "result"),
    [
        ("bool", "yes", True),
        ("bool", "off", False),
        ("bool", 1, True),
        ("int", "12", 12),
        ("str", 5, "5"),
        ("str | int", 5, 5),
        ("int | None", None, None),
        ("float", "1.5", 1.5),
        ("dict[str, str]", [], {}),
        ("dict[str, str]", {"a": 1}, {"a": "1"}),
        ("object", [1], [1]),
        ("Duration", "2m", 120.0),
    ],
)
def test_values_are_converted_when_nothing_is_lost(type_, value, result):
    assert coerce(type_, value) == result


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("bool", "maybe"),
        ("bool", 2),
        ("int", "1.5"),
        ("int", True),
        ("str", True),
        ("str", ["a"]),
        ("list[int]", ["x"]),
        ("dict[str, str]", "a"),
        ("Duration", "soon"),
        ("Mode", "rwx!"),
    ],
)
def test_values_that_would_lose_their_meaning_are_refused(type_, value):
    with pytest.raises(ValueError, match="wants"):
        coerce(type_, value)


@pytest.mark.parametrize(
    ("text", "result"), [("90", 90), ("1.5s", 1.5), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("1h30m", 5400), (7, 7)]
)
def test_durations_are_seconds(text, result):
    assert seconds(text) == result


def test_every_module_that_ships_is_found_and_described():
    catalog = Catalog()
    assert "exec" in catalog.names
    assert catalog.find("exec", "run").full_name == "exec.run"


def test_an_unknown_action_lists_those_of_its_module():
    with pytest.raises(BadArguments, match=r"there is no action exec\.fly; exec has .*run"):
        Catalog().find("exec", "fly")
