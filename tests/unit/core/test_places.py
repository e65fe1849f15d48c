"""Where sloth keeps its files, and that nobody else may."""

from __future__ import annotations

import pytest

from sloth.core.errors import SettingsError
from sloth.core.places import Places


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        pytest.param({"SLOTH_HOME": "{tmp}/own"}, "own", id="said"),
        pytest.param({"HOME": "{tmp}"}, "project/.sloth", id="a project"),
        pytest.param({"HOME": "{tmp}", "XDG_STATE_HOME": "{tmp}/state"}, "project/.sloth", id="a project wins"),
    ],
)
def test_in_a_project(environ, home, tmp_path):
    below = tmp_path / "project" / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "project" / "sloth.toml").touch()
    environ = {key: value.replace("{tmp}", str(tmp_path)) for key, value in environ.items()}
    assert Places.find(environ, below).home == tmp_path / home


@pytest.mark.parametrize(
    ("state", "home"), [({}, ".local/state/sloth"), ({"XDG_STATE_HOME": "{tmp}/state"}, "state/sloth")]
)
def test_outside_of_one(state, home, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "sloth.toml.not").touch()
    environ = {"HOME": str(tmp_path), **{key: value.replace("{tmp}", str(tmp_path)) for key, value in state.items()}}
    assert Places.find(environ, tmp_path / "work").home == tmp_path / home


def test_a_repository_ends_the_search(tmp_path):
    (tmp_path / "sloth.toml").touch()
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    assert Places.find({"HOME": "/home/nobody"}, tmp_path / "repo").home != tmp_path / ".sloth"


def test_directories_are_ours_alone(tmp_path):
    home = tmp_path / "deep" / "home"
    assert Places(home).bundles.stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_home_that_was_there_keeps_its_mode_and_what_is_made_in_it_is_ours_alone(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)  # it may be the root of the system
    (home / "runs").mkdir(mode=0o755)
    for made in (Places(home).lua, Places(home).runs):
        assert made.stat().st_mode & 0o777 == 0o700
    assert Places(home).store.parent.stat().st_mode & 0o777 == 0o755


def test_a_home_that_others_may_write_to_is_refused(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o777)
    with pytest.raises(SettingsError, match="others may write"):
        _ = Places(tmp_path / "home").lua


def test_a_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(SettingsError, match="not a directory of yours"):
        _ = Places(tmp_path / "link").bundles
