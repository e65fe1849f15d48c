"""Files as users have them, of every generation of the language: each loads with all of its tasks, and does what it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sloth.core.events import Event, LogLine, RunFinished, TaskFinished
from sloth.engine import root
from sloth.engine.request import Request, Targets

CORPUS = Path(__file__).parents[1] / "corpus"
CHANGED, OK, SKIPPED = "changed", "ok", "skipped"

# file → its workflow, and its tasks in their order with the status that each ends with
FILES: dict[str, tuple[str, dict[str, str]]] = {
    "groups": ("ci_pipeline", {
        "checkout": CHANGED, "build": CHANGED, "lint": OK, "test": CHANGED, "flaky": "failed", "fallback": OK,
        "never": SKIPPED,
    }),
    "reuse": ("greetings", {"world": OK, "you": OK, "loudly": OK}),
    "calls": ("system_info", {"kernel": OK, "where": CHANGED, "report": OK}),
    "define_table": ("deployment", {"prepare": CHANGED, "deploy": OK, "cleanup": CHANGED}),
    "define_chain": ("chain", {"configure": CHANGED, "verify": CHANGED, "remove": CHANGED}),
    "define_map": ("map", {"zebra": OK, "apple": OK, "the mango": OK}),
    "built": ("built", {"one": OK, "two": OK, "three": OK}),
    "script": ("script", {"script": CHANGED}),
    "script_with_tasks": ("mixed", {"top level": CHANGED, "use": OK, "again": CHANGED}),
    "side_by_side": ("side_by_side", {"checks": OK, "pool": OK, "answers": OK, "channels": OK, "both": OK}),
    "errors": ("errors", {"write": CHANGED, "read": OK, "fails": "failed", "remove": CHANGED}),
    "chain_on_call": ("called", {"first": CHANGED, "second": OK}),
}  # fmt: skip
each_file = pytest.mark.parametrize("name", FILES)


def ignore(event: Event) -> None:
    """What a file says while it is loaded."""


def run(name: str, *, check: bool = False, inventory: Sequence[str] = ()) -> tuple[int, list[Event]]:
    events: list[Event] = []
    request = Request(str(CORPUS / f"{name}.sloth"), Targets(inventory), check=check, lock_wait=60.0)
    return root.apply(request, [events.append]), events


def statuses(events: Sequence[Event]) -> dict[str, str]:
    return {event.task: event.status for event in events if isinstance(event, TaskFinished) and not event.handler}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("SLOTH_HOME", str(tmp_path))


def test_every_file_is_tried():
    assert {path.stem for path in CORPUS.glob("*.sloth")} == {*FILES, "checks"}


@each_file
def test_a_file_loads_with_all_of_its_tasks_and_nothing_to_warn_of(name):
    (workflow,) = root.load(Request(str(CORPUS / f"{name}.sloth")), ignore).workflows
    assert (workflow.name, [task.name for task in workflow.tasks]) == (FILES[name][0], list(FILES[name][1]))
    assert root.load(Request(str(CORPUS / f"{name}.sloth")), ignore).warnings == ()


@each_file
@pytest.mark.parametrize("placement", ["target", "controller"])
def test_a_file_does_what_its_author_meant(tmp_path, name, placement):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(
        f"all: {{hosts: {{localhost: {{sloth_connection: local, sloth_placement: {placement}}}}}}}\n"
    )
    code, events = run(name, inventory=[str(inventory)])
    assert (code, statuses(events)) == (0, FILES[name][1])


@each_file
def test_check_mode_goes_through_every_file(name):
    _, events = run(name, check=True)
    assert set(statuses(events)) == set(FILES[name][1])
    assert CHANGED not in statuses(events).values()


def test_what_a_run_exports_is_told_at_its_end():
    _, events = run("define_chain")
    (end,) = [event for event in events if isinstance(event, RunFinished)]
    assert end.outputs == {"localhost": {"configuration": "/tmp/sloth-corpus-chain.conf"}}


def test_a_script_says_what_it_says_once():
    _, events = run("script")
    lines = [event.text for event in events if isinstance(event, LogLine)]
    assert lines[:2] == ["Setting up", "lines: 3"]
    assert sorted(lines[2:]) == ["kernel is known: true", "os is known: true"]


def test_a_file_of_tests_is_known_as_such():
    file = root.load(Request(str(CORPUS / "checks.sloth")), ignore)
    assert (file.tests, file.workflows) == (("addition > adds",), ())
