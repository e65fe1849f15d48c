"""Facts that are known: picked by paths, kept for a while, asked for when they are too old."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sloth.core.cache import Cache
from sloth.core.errors import UsageError
from sloth.core.events import TaskFinished
from sloth.engine.knowing import Gathered, KnownFacts, Told, names_of, picked

FACTS = {
    "os": {"id": "debian", "version": "12"},
    "memory": {"total": 1, "free": 2},
    "mounts": [{"mount": "/", "type": "ext4"}, {"mount": "/tmp", "type": "tmpfs"}],
    "uptime": 5,
}


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([], FACTS),
        (["uptime"], {"uptime": 5}),
        (["os.version", "memory"], {"os": {"version": "12"}, "memory": {"total": 1, "free": 2}}),
        (["os.id", "os.version"], {"os": {"id": "debian", "version": "12"}}),
        (["*.t*"], {"memory": {"total": 1}, "mounts": [{"type": "ext4"}, {"type": "tmpfs"}]}),
        (["mounts.mount"], {"mounts": [{"mount": "/"}, {"mount": "/tmp"}]}),
        (["os.nothing", "uptime.x"], {}),
    ],
)
def test_paths_pick_what_they_name(paths, found):
    assert picked(FACTS, paths) == found


def test_only_what_the_paths_want_is_gathered():
    assert names_of(["os.version", "mem*", "os"]) == ["os", "memory"]
    assert len(names_of([])) > 20
    with pytest.raises(UsageError, match="there is no fact 'oss'") as caught:
        names_of(["oss.version"])
    assert caught.value.hint == "did you mean 'os'?"


class Fleet:
    """Hosts that answer, and what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[str]]] = []

    def __call__(self, hosts: Sequence[str], words: Sequence[str], gathered: Gathered) -> int:
        self.asked.append((list(hosts), list(words)))
        for host in hosts:
            if host == "down":
                gathered(TaskFinished(host, "call", "unreachable"))
            else:
                gathered(TaskFinished(host, "call", "ok", outputs={name: FACTS[name] for name in words[1:]}))
        return 3 if "down" in hosts else 0


def test_hosts_are_asked_for_what_is_too_old_or_not_known(tmp_path: Path):
    now, fleet = [1000.0], Fleet()
    known = KnownFacts(Cache(tmp_path, lambda: now[0]), "hosts.yml")
    both = {"a": {"os": {"version": "12"}}, "b": {"os": {"version": "12"}}}
    assert known.all(["a", "down", "b"], ["os.version"], 60.0, fleet) == Told(3, both)
    assert known.all(["a", "b"], ["os.version"], 60.0, fleet) == Told(0, both)
    assert known.all(["a"], ["os", "uptime"], 60.0, fleet).code == 0
    now[0] += 61
    known.all(["b"], ["os"], 60.0, fleet)
    known.all(["b"], ["os"], 0.0, fleet)
    assert fleet.asked == [
        (["a", "down", "b"], ["facts.get", "os", "os"]),
        (["a"], ["facts.get", "os", "uptime", "os"]),
        (["b"], ["facts.get", "os", "os"]),
        (["b"], ["facts.get", "os", "os"]),
    ]


def test_hosts_of_another_inventory_are_other_hosts(tmp_path: Path):
    fleet = Fleet()
    for name in ("one.yml", "two.yml"):
        KnownFacts(Cache(tmp_path), name).all(["a"], ["os"], 60.0, fleet)
    assert len(fleet.asked) == 2


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("os.versoin", "did you mean 'version'?"),
        ("os.*x", "there are id, version"),
        ("mounts.fstype", "did you mean 'type'?"),
        ("uptime.days", "nothing lies below that"),
        ("packages.vim", "there are 30 others beside it"),
    ],
)
def test_a_path_at_which_no_host_has_anything_is_an_error_with_a_hint(tmp_path: Path, path, hint):
    def ask(hosts: Sequence[str], _words: Sequence[str], gathered: Gathered) -> int:
        for host in hosts:
            outputs = {**FACTS, "packages": {f"lib{number}": "1" for number in range(30)}}
            gathered(TaskFinished(host, "call", "ok", outputs=outputs))
        return 0

    told = KnownFacts(Cache(tmp_path), "").all(["a", "b"], ["uptime", path], 0.0, ask)
    assert told.facts["a"] == {"uptime": 5}
    with pytest.raises(UsageError, match="no host has anything at") as caught:
        told.exit_code()
    assert caught.value.hint == hint


def test_what_one_of_the_hosts_has_is_no_error_and_who_is_not_reached_may_have_it(tmp_path: Path):
    def ask(_hosts: Sequence[str], _words: Sequence[str], gathered: Gathered) -> int:
        gathered(TaskFinished("a", "call", "ok", outputs={"packages": {"vim": "9"}}))
        gathered(TaskFinished("b", "call", "ok", outputs={"packages": {}}))
        return 0

    known = KnownFacts(Cache(tmp_path), "")
    assert known.all(["a", "b"], ["packages.vim"], 0.0, ask).exit_code() == 0
    fleet = Fleet()
    assert known.all(["a", "down"], ["os.nothing"], 0.0, fleet).exit_code() == 3
