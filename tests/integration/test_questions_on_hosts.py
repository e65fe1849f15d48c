"""Every action that changes nothing, on a real Debian host: check mode makes no difference, and nothing is different after it.

And every action that takes a path takes any: with blanks, quotes, dollars, backticks, backslashes, new lines, letters of
other alphabets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sloth.runtime.action import LEFT_OUT, PURE, SAME
from tests.applying import DEPLOY, ROOT, Login, Remote, Run, lua, on_each_release
from tests.integration.sweep import world
from tests.integration.sweep.calls import CATALOG, QUESTIONS, ROWS, Question
from tests.integration.sweep.world import LEFTOVERS, SNAPSHOT, prepare
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

# The lab's hosts have neither a firewall nor ping, the sweep no secrets: test_firewall.py, unit tests, tests/e2e/test_secrets.py.
OTHERS = {"firewall.status", "infra_test.ping", "net.ping", "secrets.get"}
PATHS = {"path", "paths", "src", "dest", "workdir"}
NAMED_BY_PACKAGES = {"pkg.which"}
ODD = {" ", "'", '"', "$"}  # what a shell would trip over


@dataclass(frozen=True, slots=True)
class Asked:
    """All questions in earnest, in check mode, and by a plain user; and what the host was before and after."""

    run: Run
    check: Run
    plain: Run
    before: str
    after: str


@pytest.fixture(scope="module")
def asked(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with world.site(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as site:
        prepare(site, ROOT)
        site.sh("chmod a+rx '/srv/sloth sweep'")
        ask(site, DEPLOY)  # a session leaves its cache, and the first look at a file the time of that
        ask(site, ROOT)
        before = site.sh(SNAPSHOT + LEFTOVERS)
        run, check, plain = ask(site, ROOT), ask(site, ROOT, check=True), ask(site, DEPLOY)
        yield Asked(run, check, plain, before, site.sh(SNAPSHOT + LEFTOVERS))


def ask(site: Remote, login: Login, *, check: bool = False) -> Run:
    """Ask all; the outputs of each have its value and why there is none."""
    tasks = ",\n".join(map(_task, QUESTIONS))
    return site.run(f"workflow.define('questions'):tasks({{\n{tasks}\n}})\n", login, check=check)


def _task(one: Question) -> str:
    call = f"local value, why = {one.action}{lua(one.named)}"
    return f"task({lua(one.action)}):command(function() {call} return true, '', {{ value = value, why = why }} end):build()"


def test_every_action_that_changes_nothing_is_asked():
    made = {one.declared.function for one in QUESTIONS}  # an action may have several names
    missing = {
        f"{module}.{name}"
        for module in CATALOG.names
        if module not in PURE  # they need no host
        for name, one in CATALOG.module(module).items()
        if one.check in {SAME, LEFT_OUT} and one.function not in made
    }
    assert missing == OTHERS


@on_each_release
def test_nothing_is_changed_and_nothing_left(asked):
    for run in (asked.run, asked.check, asked.plain):
        assert {task: event.changes for task, event in run.finished.items() if event.changes} == {}
        assert {task: event.diff for task, event in run.finished.items() if event.diff} == {}
    assert sorted(set(asked.before.splitlines()) ^ set(asked.after.splitlines())) == []


@on_each_release
def test_all_are_answered(asked):
    assert {task: event.message for task, event in asked.run.finished.items() if event.status != "ok"} == {}
    silent = {one.action for one in QUESTIONS if asked.run.finished[one.action].outputs.get("value") is None}
    assert silent == {one.action for one in QUESTIONS if not one.answers}


@on_each_release
def test_check_mode_makes_no_difference_to_what_does_the_same_in_it(asked):
    assert asked.check.statuses == asked.run.statuses
    for one in QUESTIONS:
        if one.stable and one.declared.check == SAME:
            assert asked.check.finished[one.action].outputs == asked.run.finished[one.action].outputs, one.action


@on_each_release
def test_a_plain_user_is_answered_or_told_to_become(asked):
    for one in QUESTIONS:
        event = asked.plain.finished[one.action]
        why = f"{event.message} {event.outputs.get('why')}"
        is_answered = event.status == "ok" and (event.outputs.get("value") is not None or not one.answers)
        assert is_answered or "needs become" in why, f"{one.action}: {why}"


def test_every_path_may_have_any_name():
    calls = [(one.declared, one.named) for one in ROWS] + [(one.declared, one.named) for one in QUESTIONS]
    odd = {one.function for one, named in calls if any(set(text) >= ODD and not text.isascii() for text in _texts(named))}
    plain = {
        f"{module}.{name}"
        for module in CATALOG.names
        if module not in PURE
        for name, one in CATALOG.module(module).items()
        if any(parameter.name in PATHS for parameter in one.parameters) and one.function not in odd
    }
    assert plain == NAMED_BY_PACKAGES


def _texts(named: object) -> Iterator[str]:
    if isinstance(named, str):
        yield named
    elif isinstance(named, dict):
        for value in named.values():
            yield from _texts(value)
    elif isinstance(named, list):
        for value in named:
            yield from _texts(value)
