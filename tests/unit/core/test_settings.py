"""Where settings come from, which wins, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sloth.core.errors import SettingsError
from sloth.core.settings import DEFAULT, KEYS, load


@pytest.fixture
def home(tmp_path):
    """A home directory with a project in it."""
    (tmp_path / "home/project/deep").mkdir(parents=True)
    return tmp_path / "home"


def write(path: Path, text: str = "forks = 7\n", mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def settings(home: Path, directory: str = "project/deep", **environ: str):
    return load({"HOME": str(home), **environ}, home / directory)


def test_without_a_file_and_variables_the_defaults_hold(home):
    found = settings(home)
    assert found["forks"] == 50
    assert found["inventory"] == ()
    assert found.file is None
    assert {one.origin for one in found.by_key.values()} == {DEFAULT}


@pytest.mark.parametrize(
    "place", ["project/deep", "project", ".", ".config/sloth"], ids=["here", "above", "home", "configuration"]
)
def test_the_file_is_found(home, place):
    path = write(home / place / "sloth.toml")
    found = settings(home)
    assert (found["forks"], found.file, found.by_key["forks"].origin) == (7, path, str(path))


def test_the_nearest_file_is_the_only_one(home):
    write(home / "sloth.toml", 'user = "ada"\nforks = 1\n')
    write(home / "project/sloth.toml", "forks = 2\n")
    found = settings(home)
    assert (found["forks"], found["user"]) == (2, None)


def test_the_search_ends_at_the_root_of_the_project(home):
    write(home / "sloth.toml")
    (home / "project/.git").mkdir()
    assert settings(home)["forks"] == 50


def test_the_search_ends_at_the_home_directory(home):
    write(home.parent / "sloth.toml")
    assert settings(home)["forks"] == 50


def test_sloth_config_names_the_file_and_nothing_else_is_searched(home):
    write(home / "sloth.toml")
    other = write(home / "other.toml", "forks = 3\n")
    assert settings(home, SLOTH_CONFIG=str(other))["forks"] == 3
    assert settings(home, SLOTH_CONFIG="/dev/null")["forks"] == 50
    with pytest.raises(SettingsError, match="cannot read"):
        settings(home, SLOTH_CONFIG=str(home / "none.toml"))


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("forks", "12", 12),
        ("user", "ada", "ada"),
        ("host_keys", "accept-new", "accept-new"),
        ("connect_timeout", "30s", 30.0),
        ("inventory", "a,b", ("a,b",)),
        ("inventory", "/etc/hosts.yml", ("/etc/hosts.yml",)),
        ("private_key", "/k", "/k"),
        ("bundle.wheelhouse", "/wheels", "/wheels"),
    ],
)
def test_every_key_has_a_variable_that_wins_over_the_file(home, key, text, value):
    write(home / "sloth.toml", 'forks = 7\nuser = "eve"\nhost_keys = "off"\nconnect_timeout = 1\ninventory = "x,"\n')
    variable = "SLOTH_" + key.upper().replace(".", "_")
    found = settings(home, **{variable: text})
    assert (found[key], found.by_key[key].origin) == (value, variable)


def test_paths_are_relative_to_the_file_that_names_them(home):
    write(
        home / "sloth.toml",
        'inventory = ["hosts.yml", "a,b"]\nprivate_key = "~/key"\n[bundle]\nwheelhouse = "wheels"\n',
    )
    found = settings(home)
    assert found["inventory"] == (str(home / "hosts.yml"), "a,b")
    assert found["private_key"] == str(Path("~/key").expanduser())
    assert found["bundle.wheelhouse"] == str(home / "wheels")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param("frks = 1", "unknown key 'frks'", "did you mean 'forks'?", id="near a key"),
        pytest.param("zzzz = 1", "unknown key 'zzzz'", "known keys: inventory, forks", id="near nothing"),
        pytest.param("[bundle]\nwheels = 'x'", "unknown key 'bundle.wheels'", "bundle.wheelhouse", id="in a table"),
        pytest.param("forks = 0", "forks wants a whole number from 1, got 0", "", id="too few"),
        pytest.param("forks = true", "forks wants a whole number", "", id="true is no number"),
        pytest.param("host_keys = 'some'", "host_keys wants one of strict, accept-new, off", "", id="choice"),
        pytest.param("connect_timeout = 'soon'", "connect_timeout wants seconds", "", id="duration"),
        pytest.param("user = 3", "user wants a string, got 3", "", id="string"),
        pytest.param("inventory = [3]", "inventory wants a string", "", id="list"),
        pytest.param("forks = ", "no TOML", "", id="syntax"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(home, text, message, hint):
    path = write(home / "sloth.toml", text)
    with pytest.raises(SettingsError) as caught:
        settings(home)
    assert message in str(caught.value)
    assert re.fullmatch(re.escape(str(path)) + r":\d+(:\d+)?", caught.value.where)
    assert hint in caught.value.hint


def test_a_wrong_variable_is_named(home):
    with pytest.raises(SettingsError) as caught:
        settings(home, SLOTH_FORKS="many")
    assert caught.value.where == "SLOTH_FORKS"


@pytest.mark.parametrize(
    ("file_mode", "directory_mode"),
    [pytest.param(0o646, 0o755, id="file"), pytest.param(0o644, 0o777, id="directory"),
     pytest.param(0o644, 0o1777, id="sticky directory")],
)  # fmt: skip
def test_what_everybody_may_write_is_refused(home, file_mode, directory_mode):
    path = write(home / "project/sloth.toml", mode=file_mode)
    path.parent.chmod(directory_mode)
    with pytest.raises(SettingsError, match="everybody may write"):
        settings(home)


def test_every_key_says_what_it_means():
    assert all(key.meaning for key in KEYS)


def test_a_key_can_be_as_if_nobody_had_said_anything_of_it(home):
    known = load({"HOME": str(home), "SLOTH_INVENTORY": "a,b", "SLOTH_FORKS": "7"}, home)
    assert known["inventory"] == ("a,b",)
    assert (known.without("inventory")["inventory"], known.without("inventory")["forks"]) == ((), 7)
