"""What a stack remembers, against the store of the controller that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from sloth.engine.leases import Leases
from sloth.engine.stack import Stack
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Host
from sloth.runtime.modules import stack, state
from sloth.store import Locks, SqliteDatabase
from tests.doubles import real_host
from tests.stateful import STACK, stateful_for

On = Callable[..., Host]


@pytest.fixture
def on(tmp_path: Path) -> On:
    """A host, and the stack of the run that it takes part in."""
    database = SqliteDatabase(tmp_path / "store.db")
    leases = Leases(Locks(database), Timer(), print)

    def host(of: Stack = STACK, *, check: bool = False) -> Host:
        answers = stateful_for(database, leases, "h1", stack=of)
        return real_host(ask=lambda verb, args: answers.answer(args) if verb == "state" else None, check=check)

    return host


def test_its_id_is_that_of_its_name(on):
    assert stack.get_name(on()) == "site"
    assert stack.get_id(on()) == stack.get_id(on(Stack("site", lambda: 0)))
    assert stack.get_id(on()) != stack.get_id(on(Stack("other", lambda: 0)))


@pytest.mark.parametrize(("code", "status"), [(None, "new"), (0, "succeeded"), (2, "failed"), (130, "failed")])
def test_its_status_is_how_the_last_run_ended(on, code, status):
    assert stack.get_status(on(Stack("site", lambda: code))) == status


def test_an_output_is_there_for_the_runs_to_come_and_of_one_stack(on):
    first = on()
    stack.set_output(first, name="url", value={"port": 80})
    assert first.changes == ["stack: output url"]
    assert stack.get_output(on(), name="url") == {"port": 80}
    assert stack.get_output(on(Stack("other", lambda: None)), name="url", default="none") == "none"
    assert state.keys(on(), namespace="stacks/site") == ["outputs/url"]
    again = on()
    stack.set_output(again, name="url", value={"port": 80})
    assert not again.changes


def test_a_resource_is_known_until_it_is_deleted(on):
    db = {"type": "database", "name": "orders"}
    assert stack.get_resource(on(), **db) == [None, "the stack has no database 'orders'"]
    stack.register_resource(on(), **db, properties={"host": "db1", "port": 5432})
    stack.update_resource(on(), **db, properties={"port": 5433})
    wanted = {"type": "database", "name": "orders", "properties": {"host": "db1", "port": 5433}}
    assert stack.get_resource(on(), **db) == [wanted]
    assert not stack.resource_exists(on(), type="bucket", name="orders")
    unchanged = on()
    stack.update_resource(unchanged, **db, properties={"port": 5433})
    stack.register_resource(unchanged, **db, properties={"host": "db1", "port": 5433})
    assert not unchanged.changes
    assert stack.delete_resource(on(), **db) == [True]
    assert stack.delete_resource(on(), **db) == [False]
    assert not stack.resource_exists(on(), **db)


def test_an_unknown_resource_is_not_updated(on):
    with pytest.raises(ActionFailed, match="the stack has no database 'orders'; register_resource"):
        stack.update_resource(on(), type="database", name="orders", properties={"port": 1})


@pytest.mark.parametrize(("kind", "name"), [("", "a"), ("a/b", "c"), ("a", "")])
def test_types_and_names_that_would_be_mistaken_for_each_other_are_refused(on, kind, name):
    with pytest.raises(ActionFailed, match="a type without `/` and a name"):
        stack.register_resource(on(), type=kind, name=name)


def test_of_hosts_that_update_one_resource_at_once_none_is_lost(on):
    stack.register_resource(on(), type="pool", name="p")

    def update(number: int) -> None:
        stack.update_resource(on(), type="pool", name="p", properties={str(number): number})

    threads = [Thread(target=update, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [found] = stack.get_resource(on(), type="pool", name="p")
    assert isinstance(found, dict)
    assert found["properties"] == {str(number): number for number in range(8)}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda host: stack.set_output(host, name="url", value=1), id="output"),
        pytest.param(lambda host: stack.register_resource(host, type="a", name="new"), id="register"),
        pytest.param(lambda host: stack.update_resource(host, type="a", name="b", properties={"x": 1}), id="update"),
        pytest.param(lambda host: stack.delete_resource(host, type="a", name="b"), id="delete"),
    ],
)
def test_check_mode_tells_what_would_change_and_changes_nothing(on, change):
    stack.register_resource(on(), type="a", name="b")
    before = state.list_(on(), namespace="stacks/site")
    checked = on(check=True)
    change(checked)
    assert len(checked.changes) == 1
    assert state.list_(on(), namespace="stacks/site") == before
