"""Every action that changes something, on a real Debian host, through all of sloth.

Each call of the table is made in a world of its own. For all at once: check mode foretells what apply then does, and
leaves no trace on the host; apply does it; a second apply finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sloth.runtime.action import FORETELLS, WOULD_RUN
from tests.applying import BECOME, DEPLOY, ROOT, Act, Login, Remote, Run
from tests.integration.sweep import world
from tests.integration.sweep.calls import CATALOG, ROWS, Row
from tests.integration.sweep.world import LEFTOVERS, SNAPSHOT, prepare
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

FORETOLD = {FORETELLS: "would_change", WOULD_RUN: "would_run"}
OWN = ("exec", "file_ops", "fs", "git", "http", "net")  # modules whose rows a plain user can make in a place of that user's own
UNBOUND = ("exec", "net")  # modules that may do as much as their caller, who is told of what went wrong
# What anybody may do.
OF_ANYONE = ("file_ops.fetch", "http.request", "http.post", "http.put", "http.patch", "http.delete")
# What lies on the controller; and what a host does not survive unmoved, with tests of its own:
# test_firewall.py, and tests/e2e/test_rebooting.py.
OTHERS = ("stack", "state", "firewall", "host")
# Who does it matters to sloth, which release it is on to the host: not all pairs are tried.
WHO_AND_WHERE = {
    "root": (ROOT, "bookworm"), "become": (BECOME, "bookworm"), "a plain user": (DEPLOY, "bookworm"), "trixie": (BECOME, "trixie"),
}  # fmt: skip
swept = pytest.mark.parametrize(
    ("login", "release"), WHO_AND_WHERE.values(), ids=WHO_AND_WHERE, indirect=["release"], scope="session"
)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Three runs of all rows; what the host was before and after the first, and what lay about before and after all."""

    check: Run
    first: Run
    second: Run
    before: str
    after: str
    found: str
    left: str


@pytest.fixture(scope="module")
def site(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with world.site(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        yield one


@pytest.fixture(scope="module")
def sweep(site: Remote, login: Login) -> tuple[tuple[Row, ...], Sweep]:
    rows = tuple(row for row in ROWS if login != DEPLOY or row.module in OWN)
    acts = [row.act for row in rows]
    prepare(site, login)
    before, found = site.sh(SNAPSHOT), site.sh(LEFTOVERS)
    check = site.acts(acts, login, check=True)
    after = site.sh(SNAPSHOT)
    first, second = site.acts(acts, login), site.acts(acts, login)
    return rows, Sweep(check, first, second, before, after, found, site.sh(LEFTOVERS))


def test_the_sweep_has_every_action_that_changes_something():
    made = {row.declared.function for row in ROWS}  # an action may have several names
    missing = [
        f"{module}.{name}"
        for module in CATALOG.names
        for name, one in CATALOG.module(module).items()
        if one.check in FORETOLD and module not in OTHERS and one.function not in made
    ]
    assert missing == []


@swept
def test_check_mode_does_with_every_action_what_that_declares(sweep):
    rows, runs = sweep
    assert runs.check.statuses == {row.action: FORETOLD[row.declared.check] for row in rows}


@swept
def test_the_difference_is_shown_by_those_that_declare_it(sweep):
    rows, runs = sweep
    declared = [row.action for row in rows if row.declared.diff]
    for run in (runs.check, runs.first):
        assert [row.action for row in rows if run.finished[row.action].diff] == declared


@swept
def test_check_mode_leaves_no_trace(sweep):
    _, runs = sweep
    assert sorted(set(runs.before.splitlines()) ^ set(runs.after.splitlines())) == []


@swept
def test_every_action_changes_what_differs(sweep):
    _, runs = sweep
    messages = {task: event.message for task, event in runs.first.finished.items() if event.status != "changed"}
    assert messages == {}
    assert runs.first.code == 0


@swept
def test_a_second_time_there_is_nothing_to_do(sweep):
    rows, runs = sweep
    assert runs.second.statuses == {row.action: row.again for row in rows}


@swept
def test_nothing_is_left_beside_what_was_wanted(sweep):
    _, runs = sweep
    assert runs.left == runs.found


def test_without_root_what_needs_it_says_so_and_changes_nothing(site):
    prepare(site, ROOT)
    site.acts([Act("fs.exists", {"path": "/"})], DEPLOY)  # a session leaves its cache
    before = site.sh(SNAPSHOT)
    run = site.acts([row.act for row in ROWS if row.module not in UNBOUND and row.action not in OF_ANYONE], DEPLOY)
    silent = {task: event.message for task, event in run.finished.items() if "needs become" not in event.message}
    assert silent == {}
    assert {task: event.failure["traceback"] for task, event in run.finished.items() if "traceback" in event.failure} == {}
    assert [task for task, event in run.finished.items() if event.changes] == []
    assert sorted(set(before.splitlines()) ^ set(site.sh(SNAPSHOT).splitlines())) == []


SWEPT = {"namespace": "sweep"}
STATE = (
    ("set", {"key": "a", "value": 1, **SWEPT}, "ok"), ("set_with_ttl", {"key": "b", "value": 1, "ttl": "1h", **SWEPT}, None),
    ("incr", {"key": "a", **SWEPT}, "changed"), ("decrement", {"key": "a", **SWEPT}, "changed"),
    ("cas", {"key": "a", "expected": 1, "value": 2, **SWEPT}, None),
    ("delete", {"key": "b", **SWEPT}, "ok"), ("clear", {"prefix": "a", **SWEPT}, "ok"),
)  # fmt: skip
ORDERS = {"type": "ü", "name": "'orders'"}
STACK = (
    ("set_output", {"name": "ü", "value": {"a": 1}}, "ok"), ("register_resource", {**ORDERS, "properties": {"a": 1}}, "ok"),
    ("update_resource", {**ORDERS, "properties": {"b": "ü"}}, "ok"), ("delete_resource", ORDERS, "ok"),
)  # fmt: skip


@pytest.mark.parametrize(("module", "calls"), [("state", STATE), ("stack", STACK)])
def test_what_the_controller_keeps_is_foretold_and_kept_out_of_checks(site, module, calls):
    for name, named, again in calls:
        assert CATALOG.find(module, name).check == FORETELLS
        act = [Act(f"{module}.{name}", named)]
        statuses = [site.acts(act, check=check).statuses[f"{module}.{name}"] for check in (True, True, False, False)]
        assert statuses[:3] == ["would_change", "would_change", "changed"], name
        assert again in {None, statuses[3]}, name
    assert {name for name, one in CATALOG.module(module).items() if one.check == FORETELLS and one.name == name} == {
        name for name, _, _ in calls
    }
