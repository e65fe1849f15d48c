"""Inventory programs: what they may print, how their failures read, and when an answer of before will do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import diskcache
import pytest

from sloth.core.errors import InventoryError
from sloth.core.places import Places
from sloth.inventory import Inventory, Kept, Programs, load
from sloth.inventory import programs as programs_module

Program = Callable[[str], Path]
SAID = {
    "web": {"hosts": ["w1", "w2"], "vars": {"port": 80}},
    "db": ["d1"],
    "site": {"children": ["web", "db"]},
    "_meta": {"hostvars": {"w1": {"x": 1}, "d1": {"ansible_host": "2001:db8::1", "t": "{{ 7 * 7 }}"}, "gone": {"y": 1}}},
}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Writes an executable shell script; each of its runs adds its arguments to the file `runs`."""

    def writing(script: str) -> Path:
        path = tmp_path / "cloud"
        path.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/runs\n{script}\n')
        path.chmod(0o755)
        return path

    return writing


@pytest.fixture
def says(program: Program) -> Callable[..., Path]:
    """A program that prints a value as JSON for --list."""
    return lambda said: program(f"cat <<'END'\n{json.dumps(said)}\nEND")


def runs(path: Path) -> list[str]:
    """The arguments of each run of the program."""
    return (path.parent / "runs").read_text().splitlines()


def test_the_hosts_and_groups_that_a_program_prints_are_the_inventory(says):
    path = says(SAID)
    inventory = load([str(path)])
    assert inventory.hosts == ("w1", "w2", "d1")
    assert inventory.groups["site"] == ["w1", "w2", "d1"]
    assert inventory.variables("w1") == {"port": 80, "x": 1}
    assert inventory.connection("d1").address == "2001:db8::1"
    assert inventory.variables("d1")["t"] == "{{ 7 * 7 }}"
    assert runs(path) == ["--list"]
    assert inventory.layers("w1")[0].source == str(path)


def test_without_meta_each_host_is_asked_for_once(program):
    path = program("""
        case $1 in
            --list) echo '{"web": {"hosts": ["w1", "w2"]}, "all": {"hosts": ["w1"]}}';;
            --host) [ "$2" = w2 ] || echo "{\\"name\\": \\"$2\\"}";;
        esac""")
    inventory = load([str(path)])
    assert inventory.variables("w1") == {"name": "w1"}
    assert inventory.variables("w2") == {}
    assert sorted(runs(path)) == ["--host w1", "--host w2", "--list"]


@pytest.mark.parametrize(("said", "groups"), [
    pytest.param({}, {}, id="nothing"),
    pytest.param({"_meta": {}, "web": {}}, {"web": []}, id="an empty group"),
    pytest.param({"web": {"hosts": None, "vars": None}}, {"web": []}, id="nulls"),
    pytest.param({"h1": {"x": 1}}, {"h1": ["h1"]}, id="variables of a host of that name"),
    pytest.param({"web": ["::1"]}, {"web": ["::1"]}, id="IPv6 address"),
    pytest.param({"plugin": ["a"], "hosts": ["b"]}, {"plugin": ["a"], "hosts": ["b"]}, id="names of keys"),
])  # fmt: skip
def test_forms_of_ansibles_contract(said: dict[str, object], groups: dict[str, list[str]], says):
    inventory = load([str(says({"_meta": {"hostvars": {}}, **said}))])
    assert {name: hosts for name, hosts in inventory.groups.items() if name not in {"all", "ungrouped"}} == groups


@pytest.mark.parametrize(("script", "message", "hint"), [
    pytest.param("echo no credentials >&2; exit 3", "ended with exit code 3: no credentials", "", id="fails"),
    pytest.param("exit 1", "ended with exit code 1, and says nothing", "", id="fails silently"),
    pytest.param("kill -9 $$", "ended by signal 9", "", id="killed"),
    pytest.param("echo '<html>'; echo oops >&2", "this is no JSON", "begins with '<html>', and on stderr: oops", id="HTML"),
    pytest.param("echo '[1]'", "a mapping of names to values is expected, not a list", "", id="a list"),
    pytest.param("printf '\\377'", "byte 0 is no UTF-8", "", id="no UTF-8"),
    pytest.param("echo '{\"a\": NaN}'", "JSON cannot carry", "", id="NaN"),
    pytest.param('printf "%0.s[" $(seq 200)', "this is no JSON", "", id="brackets"),
    pytest.param("""echo '{"a": {"vars": {"x": '$(printf '[%.0s' $(seq 150))$(printf ']%.0s' $(seq 150))'}}}'""",
                 "nested deeper than 100", "", id="deep"),
    pytest.param("""echo '{"a": {"hosts": "h"}}'""", "hosts of a: a list of names is expected, not a string", "", id="text"),
    pytest.param("""echo '{"a": 5}'""", "hosts of a: a list of names is expected, not a number", "", id="number"),
    pytest.param("""echo '{"a": [1]}'""", "hosts of a: a name is expected, not a number", "", id="no name"),
    pytest.param("""echo '{"a": ["h[1:3]"]}'""", "no name of a host", "", id="nothing is a range"),
    pytest.param("""echo '{"a": ["../../etc"]}'""", "no name of a host", "", id="nothing is a path"),
    pytest.param("""echo '{"a\\u001b": []}'""", "no name of a host", "", id="escapes"),
    pytest.param("""echo '{"a": [], "_meta": 1}'""", "_meta must be a mapping", "", id="meta"),
    pytest.param("""echo '{"a": ["h"], "_meta": {"hostvars": {"h": 1}}}'""", "the host h must be a mapping", "", id="hostvars"),
    pytest.param("""echo '{"a": {"hosts": [], "var": {}}}'""", "a group has hosts, vars and children", "'vars'", id="key"),
    pytest.param("""echo '{"a": {"vars": {"ansible_host": "h"}}, "a": {}}'""", "duplicate key 'a'", "", id="twice"),
])  # fmt: skip
def test_what_goes_wrong_names_the_program(script: str, message: str, hint: str, program):
    path = program(script)
    with pytest.raises(InventoryError) as caught:
        load([str(path)])
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.where.startswith(str(path))


def test_a_run_for_a_host_that_fails_names_the_host(program):
    path = program("""[ $1 = --list ] && echo '{"web": ["w1"]}' || { echo no such host >&2; exit 1; }""")
    with pytest.raises(InventoryError, match="no such host") as caught:
        load([str(path)])
    assert caught.value.where == f"{path} --host w1"


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(program, tmp_path):
    path = program(f"sleep 60 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(InventoryError, match=r"has not answered within 0\.3 s") as caught:
        load([str(path)], programs=Programs(time_limit=0.3))
    assert "inventory_timeout" in caught.value.hint
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_a_program_that_prints_without_end_is_stopped(program, monkeypatch):
    monkeypatch.setattr(programs_module, "MAX_BYTES", 1 << 20)
    with pytest.raises(InventoryError, match="printed more than 1 MB"):
        load([str(program("yes"))])


def test_a_program_that_cannot_be_started_says_why(tmp_path):
    path = tmp_path / "cloud"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    with pytest.raises(InventoryError, match="cannot run"):
        load([str(path)])


def test_a_program_that_everybody_may_write_is_not_run(says):
    path = says(SAID)
    path.chmod(0o777)
    with pytest.raises(InventoryError, match="everybody may write"):
        load([str(path)])
    assert not (path.parent / "runs").exists()


def test_programs_in_a_directory_are_sources_beside_files(write, says, tmp_path):
    path = says(SAID)
    (tmp_path / "inv").mkdir()
    path.rename(tmp_path / "inv/10-cloud.py")
    write("inv/20-own.yml", "web: {hosts: {own: , w1: {x: 2}}}")
    write("inv/library.py", "raise SystemExit(1)")
    inventory = load([str(tmp_path / "inv")])
    assert inventory.groups["web"] == ["w1", "w2", "own"]
    assert inventory.variables("w1")["x"] == 2


@pytest.mark.parametrize(("pattern", "hint"), [
    pytest.param("weeb", "did you mean 'web'? `sloth inventory list --refresh`", id="unknown"),
    pytest.param("web:!web", "`sloth inventory list --refresh`", id="no host"),
])  # fmt: skip
def test_a_host_that_an_old_answer_lacks_may_be_in_a_new_one(pattern: str, hint: str, says):
    with pytest.raises(InventoryError) as caught:
        load([str(says(SAID))]).select(pattern)
    assert caught.value.hint == f"{hint} shows all hosts, and asks cloud anew"


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ask(tmp_path: Path, clock: Clock) -> Callable[..., Inventory]:
    """Loads the program's inventory with a folder for answers."""

    def asking(path: Path, environ: dict[str, str] | None = None, *, fresh: bool = False) -> Inventory:
        kept = Kept(Places(tmp_path / "home"), 60.0, Path("/work"), environ or {}, fresh, clock)
        return load([str(path)], programs=Programs(kept=kept))

    return asking


def test_an_answer_is_used_again_until_it_is_too_old(says, ask, clock):
    path = says(SAID)
    first, second = ask(path), ask(path)
    assert len(runs(path)) == 1
    assert second.hosts == first.hosts and second.variables("w1") == first.variables("w1")
    clock.now += 61
    ask(path)
    assert len(runs(path)) == 2
    clock.now -= 3600
    ask(path)
    assert len(runs(path)) == 3, "the clock was put back"


def test_a_program_that_changed_is_asked_again(says, ask):
    path = says(SAID)
    ask(path)
    os.utime(path, (1, 1))
    ask(path)
    assert len(runs(path)) == 2


@pytest.mark.parametrize(("environ", "times"), [
    pytest.param({"AWS_PROFILE": "prod"}, 2, id="another account"),
    pytest.param({"SHLVL": "2", "WINDOWID": "7"}, 1, id="another terminal"),
])  # fmt: skip
def test_another_environment_has_other_hosts(environ: dict[str, str], times: int, says, ask):
    path = says(SAID)
    ask(path)
    ask(path, environ)
    assert len(runs(path)) == times


def test_a_fresh_answer_takes_the_place_of_the_kept_one(says, ask):
    path = says(SAID)
    ask(path)
    ask(path, fresh=True)
    ask(path)
    assert len(runs(path)) == 2


def test_what_failed_or_was_no_inventory_is_not_kept(program, ask, tmp_path):
    for script in ("exit 1", "echo '{\"a\": 5}'"):
        with pytest.raises(InventoryError):
            ask(program(script))
    with diskcache.Cache(str(Places(tmp_path / "home").inventories)) as cache:
        assert len(cache) == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_a_broken_answer_is_asked_for_again(text: str, says, ask, tmp_path):
    path = says(SAID)
    ask(path)
    with diskcache.Cache(str(Places(tmp_path / "home").inventories), disk_min_file_size=1 << 30) as cache:
        (key,) = cache
        cache[key] = text
    assert ask(path).hosts == ("w1", "w2", "d1")
    assert len(runs(path)) == 2


def test_without_a_time_nothing_is_kept_nor_any_folder_made(says, tmp_path):
    kept = Kept(Places(tmp_path / "home"), 0.0, Path("/work"), {})
    path = says(SAID)
    for _ in range(2):
        load([str(path)], programs=Programs(kept=kept))
    assert len(runs(path)) == 2
    assert not (tmp_path / "home").exists()


def test_answers_are_for_their_owner_only(says, ask, tmp_path):
    ask(says(SAID))
    assert (tmp_path / "home/inventories").stat().st_mode & 0o777 == 0o700
