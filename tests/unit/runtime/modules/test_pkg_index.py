"""The index of packages: fetched when it is too old, its failures quoted, its lock waited for.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import os
import time

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.apt import Apt
from sloth.runtime.packages.goals import Index, present
from sloth.runtime.packages.words import Options, wanted
from sloth.runtime.process import Done
from tests.doubles import FakeHost

NOTHING = "dpkg\tamd64\t1.21\tii \t\n"


@pytest.fixture
def lists(tmp_path):
    folder = tmp_path / "var/lib/apt/lists"
    folder.mkdir(parents=True)
    (folder / "lab_Release").write_text("one")
    return folder


def aged(folder, seconds):
    os.utime(folder, (time.time() - seconds, time.time() - seconds))


def apt(tmp_path, answers, *, check=False, lock_timeout=0):
    return Apt(FakeHost(answers, check=check), lock_timeout, root=str(tmp_path))


def install(manager, **index):
    return present(manager, wanted(["jq"]), Options(), Index(**index), manual=False)


@pytest.mark.parametrize(
    ("age", "index", "fetched"),
    [
        pytest.param(7200, {"update": True, "valid_time": 3600}, True, id="35 too old"),
        pytest.param(60, {"update": True, "valid_time": 3600}, False, id="35 fresh enough"),
        pytest.param(60, {"update": True}, True, id="always"),
        pytest.param(7200, {"valid_time": 3600}, True, id="valid_time alone implies it"),
        pytest.param(7200, {}, False, id="not asked for"),
    ],
)
def test_the_index_is_fetched_when_it_is_too_old(tmp_path, lists, age, index, fetched):
    aged(lists, age)
    manager = apt(tmp_path, {"dpkg-query -W": NOTHING, "apt-get update": "Hit:1\n"})
    assert install(manager, **index)["cache_updated"] is fetched
    assert any(line.startswith("apt-get update") for line in manager.host.commands) is fetched
    assert manager.host.changes == ["apt-get install jq"]


def test_a_fetch_counts_as_fresh_even_when_nothing_was_new(tmp_path, lists):
    aged(lists, 7200)
    manager = apt(tmp_path, {"apt-get update": "Hit:1\n"})
    assert not manager.refresh()
    assert manager.is_fresh(60)


def test_37_check_mode_does_not_fetch_and_admits_that_it_cannot_know(tmp_path, lists):
    unknown = Done(100, b"", b"E: Unable to locate package jq")
    manager = apt(tmp_path, {"dpkg-query -W": NOTHING, "apt-get install -s": unknown}, check=True)
    install(manager, update=True)
    assert manager.host.unknown
    assert manager.host.changes
    assert not any(line.startswith("apt-get update") for line in manager.host.commands)


def test_37_check_mode_fails_on_an_unknown_package_when_the_index_would_stay(tmp_path, lists):
    unknown = Done(100, b"", b"E: Unable to locate package jq")
    manager = apt(tmp_path, {"dpkg-query -W": NOTHING, "apt-get install -s": unknown}, check=True)
    with pytest.raises(ActionFailed, match="Unable to locate package jq"):
        install(manager)


@pytest.mark.parametrize(
    "done",
    [
        pytest.param(Done(100, b"", b"E: Failed to fetch http://repo/InRelease  403  Forbidden"), id="35 refused"),
        pytest.param(Done(0, b"", b"W: Failed to fetch http://repo/InRelease  403  Forbidden"), id="only warned of"),
    ],
)
def test_a_repository_that_fails_is_quoted(tmp_path, lists, done):
    manager = apt(tmp_path, {"apt-get update": done})
    with pytest.raises(ActionFailed, match=r"http://repo/InRelease +403 +Forbidden"):
        manager.refresh()


def test_packages_marked_automatic_are_read_from_apts_own_file(tmp_path, lists):
    states = ["Package: liba\nArchitecture: amd64\nAuto-Installed: 1\n", "Package: libb\nAuto-Installed: 0\n"]
    (tmp_path / "var/lib/apt/extended_states").write_text("\n".join(states))
    assert apt(tmp_path, {}).automatic() == {"liba"}


def test_36_what_is_there_for_others_is_marked_as_wanted_when_asked(tmp_path, lists):
    (tmp_path / "var/lib/apt/extended_states").write_text("Package: jq\nAuto-Installed: 1\n\n")
    manager = apt(tmp_path, {"dpkg-query -W": NOTHING + "jq\tamd64\t1.6\tii \t\n"})
    present(manager, wanted(["jq"]), Options(), Index(), manual=True)
    assert manager.host.changes == ["apt-mark manual jq"]
