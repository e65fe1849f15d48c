"""A host that is rebooted in the middle of its part of a run."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from sloth.core.errors import ConnectionLost, ConnectionRefused, HostKeyChanged
from sloth.core.events import Event, HostUnreachable, TaskFinished
from sloth.core.model import HostPlan, Plan, Workflow
from sloth.engine.gates import Gates
from sloth.engine.hostrun import HostRun
from sloth.engine.pending import Pending
from sloth.engine.rebooting import Order
from sloth.runtime import booting
from sloth.runtime.failure import ActionFailed
from tests.unit.engine.hosts import Boot, finished, started, statuses, terms, until

ORDER = {"command": "shutdown -r now", "user": "root", "boot": "one", "wait": 60.0, "test_command": None}
DONE = [started("a"), finished("a", "changed", outputs={"n": 1}, reboots="one")]
PLAN = HostPlan("h1", {"a": (), "b": ("a",)})


class Machine:
    """A host; each connection to it gets what comes next: a session, or an error."""

    def __init__(self, *comes):
        self._comes = list(comes)
        self.connections = 0

    def begin(self, hear):
        self.connections += 1
        next_ = self._comes.pop(0) if len(self._comes) > 1 else self._comes[0]
        if isinstance(next_, Exception):
            raise next_
        next_.hear = hear
        return next_, {"done": {}, "recall": True}


def run(*comes, plan=PLAN, **more):
    seen: list[Event] = []
    machine = Machine(*comes)
    host_run = HostRun(plan, machine.begin, replace(terms(seen, **more), glance=0.0))
    host_run.go()
    return host_run, seen, machine


def test_the_run_goes_on_with_what_is_left_in_a_session_to_the_next_boot():
    before, after = Boot("one", DONE, ORDER), Boot("two", [started("b"), finished("b")])
    _, seen, _ = run(before, after)
    assert statuses(seen) == [("a", "changed"), ("b", "ok")]
    assert before.acts == [("exec.check", "shutdown -r now")] and before.is_closed()
    (job,) = after.jobs
    told = {"status": "changed", "message": "", "outputs": {"n": 1}, "failure": {}, "blocks": False}
    assert job["done"] == {"a": told} and job["recall"] is False


def test_a_task_that_reboots_ends_when_the_host_is_back_and_not_before():
    ends: list[list[tuple[str, str]]] = []
    seen: list[Event] = []

    class Watched(Boot):
        def call(self, verb, args):
            ends.append(statuses(seen))
            return super().call(verb, args)

    machine = Machine(Watched("one", DONE, ORDER), Watched("two", [finished("b")]))
    HostRun(PLAN, machine.begin, replace(terms(seen), glance=0.0)).go()
    assert ends == [[], [], [], [("a", "changed")]]  # the job, the order, the boot id, the rest of the job


def test_a_host_that_still_goes_down_or_does_not_answer_yet_is_asked_again():
    down, refused = Boot("one", []), ConnectionRefused("nothing listens")
    _, seen, machine = run(Boot("one", DONE, ORDER), down, refused, Boot("two", [finished("b")]))
    assert statuses(seen) == [("a", "changed"), ("b", "ok")]
    assert down.is_closed() and machine.connections == 4


def test_a_host_that_goes_down_at_once_has_taken_the_order():
    quick = Boot("one", DONE, ORDER, fails={"exec.check": ConnectionLost("gone")})
    _, seen, _ = run(quick, Boot("two", [finished("b")]))
    assert statuses(seen) == [("a", "changed"), ("b", "ok")]


@pytest.mark.parametrize(
    ("comes", "why"),
    [
        pytest.param(ConnectionRefused("h1: nothing listens"), "nothing listens", id="no answer"),
        pytest.param(Boot("one", []), "it has not gone down yet", id="still up"),
        pytest.param(Boot("two", [], fails={"exec.check": ActionFailed("exit code 3")}), "exit code 3", id="unfit"),
    ],
)
def test_a_host_that_is_not_back_in_time_is_unreachable_and_so_is_what_is_left_there(comes, why):
    order = {**ORDER, "wait": 0.0, "test_command": "true"}
    _, seen, _ = run(Boot("one", DONE, order), comes)
    (lost,) = [event for event in seen if isinstance(event, HostUnreachable)]
    assert lost.kind == "not_back" and lost.message == f"h1 is not back 0 s after its reboot: {why}"
    assert statuses(seen) == [("a", "unreachable"), ("b", "unreachable")]


def test_a_host_that_comes_back_as_another_one_is_not_waited_for():
    _, seen, machine = run(Boot("one", DONE, ORDER), HostKeyChanged("another key"))
    assert machine.connections == 2
    assert statuses(seen) == [("a", "unreachable"), ("b", "unreachable")]


def test_an_order_that_is_refused_fails_the_task_and_the_rest_is_judged_as_ever():
    done = [started("a"), finished("a", "changed", reboots="one", changes=["write /etc/x", "reboot: a new kernel"])]
    refusing = Boot("one", done, ORDER, fails={"exec.check": ActionFailed("Call to Reboot failed: Access denied")})
    rest = Boot("one", [finished("b", "skipped", blocks=True)])
    _, seen, _ = run(refusing, rest)
    assert statuses(seen) == [("a", "failed"), ("b", "skipped")]
    assert rest.jobs[0]["done"]["a"]["blocks"] is True
    assert refusing.is_closed()
    (ended,) = [event for event in seen if isinstance(event, TaskFinished) and event.task == "a"]
    assert list(ended.changes) == ["write /etc/x"]  # there was no reboot
    assert "(needs become)" in ended.message


def test_the_machine_of_the_controller_is_not_rebooted():
    session = Boot("one", DONE, {**ORDER, "boot": booting.boot_id()})
    _, seen, _ = run(session, Boot("one", [finished("b", "skipped", blocks=True)]))
    assert session.acts == [] and statuses(seen) == [("a", "failed"), ("b", "skipped")]


def test_a_run_that_is_stopped_meanwhile_does_not_wait_for_the_host():
    seen: list[Event] = []
    machine = Machine(Boot("one", DONE, ORDER), ConnectionRefused("nothing listens"))
    host_run = HostRun(PLAN, machine.begin, replace(terms(seen), glance=0.001))
    thread = threading.Thread(target=host_run.go)
    thread.start()
    until(lambda: machine.connections > 2)
    host_run.cancel("stopped by Ctrl-C")
    thread.join(5)
    assert statuses(seen) == [("a", "cancelled"), ("b", "cancelled")]


def test_a_gate_that_opens_while_the_host_reboots_is_open_afterwards():
    plan = HostPlan("h1", {"a": (), "b": ("a",)}, {"b": ("db",)})
    gates = Gates(Plan(Workflow("w", "w:1"), (HostPlan("h2", {"db": ()}), plan), (), {"db": (("h2", "db"),)}))

    class Opens(Boot):
        def close(self):
            super().close()
            gates.take(TaskFinished("h2", "db", "ok", outputs={"port": 1}))

    after = Boot("two", [finished("b")])
    run(Opens("one", DONE, ORDER), after, plan=plan, gates=gates)
    assert after.jobs[0]["gates"] == [{"name": "db", "ok": True, "outputs": {"port": 1}}]


def test_handlers_that_are_due_run_after_the_reboot_and_one_that_wanted_it_is_done(tmp_path):
    events = [
        finished("a", "changed", notified=["restart"]), finished("b"),
        {**started("restart"), "handler": True}, finished("restart", handler=True, reboots="one"),
    ]  # fmt: skip
    pending = Pending(tmp_path, "w")
    after = Boot("two", [])
    _, seen, _ = run(Boot("one", events, ORDER), after, pending=pending)
    assert statuses(seen) == [("a", "changed"), ("b", "ok"), ("restart", "ok")]
    assert after.jobs[0]["pending"] == [] and pending.of("h1") == []


def test_what_an_earlier_life_did_is_recalled_before_the_reboot_and_not_again():
    before, after = Boot("one", [finished("restart", handler=True, reboots="one")], ORDER), Boot("two", [])
    machine = Machine(before, after)
    done = {"a": TaskFinished("h1", "a", "ok")}
    HostRun(HostPlan("h1", {"a": (), "b": ()}), machine.begin, replace(terms([]), glance=0.0), done).go()
    assert [before.jobs[0]["recall"], after.jobs[0]["recall"]] == [True, False]


def test_a_handler_whose_reboot_has_no_end_is_owed(tmp_path):
    events = [finished("a"), finished("b"), finished("restart", handler=True, reboots="one")]
    pending = Pending(tmp_path, "w")
    run(Boot("one", events, {**ORDER, "wait": 0.0}), ConnectionRefused("nothing listens"), pending=pending)
    assert pending.of("h1") == ["restart"]


def test_what_was_exported_before_is_kept():
    before = [started("a"), finished("a", "changed", exports={"one": 1}, reboots="one")]
    host_run, _, _ = run(Boot("one", before, ORDER), Boot("two", [finished("b", exports={"two": 1})]))
    assert host_run.exports == {"one": 1, "two": 1}


@pytest.mark.parametrize(
    "said",
    [None, "now", {}, {"wait": "long"}, {"wait": float("nan")}, {"wait": -1}],
    ids=["nothing", "a word", "an empty order", "no number", "not a number", "negative"],
)
def test_what_is_no_order_reboots_nothing(said):
    assert Order.of({"reboot": said}) is None


def test_no_host_makes_a_run_wait_for_longer_than_a_day():
    order = Order.of({"reboot": {**ORDER, "wait": 1e12}})
    assert order is not None and order.wait == 86400.0
