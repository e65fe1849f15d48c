"""The run as a whole: time limits, aborts, exit codes."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from sloth.core.events import TaskFinished
from sloth.core.model import Delegated, HostPlan, Plan, Workflow
from sloth.engine.execute import Ending, Tally, execute


class FakeRun:
    """A host that runs until it is cancelled, or ends at once."""

    def __init__(self, host: str = "h1", *, stays: bool = False, busy: bool = False, aborted: str = "") -> None:
        self.host = host
        self.slots: threading.Semaphore | None = None
        self.busy = busy
        self.aborted = aborted
        self.reasons: list[str] = []
        self._ended = threading.Event()
        if not stays:
            self._ended.set()

    def go(self) -> None:
        self._ended.wait(10)
        if self.slots is not None:
            self.slots.release()

    def cancel(self, reason: str) -> None:
        self.reasons.append(reason)
        self._ended.set()

    def hang_up(self) -> None:
        self._ended.set()


def plan(*hosts: str) -> Plan:
    return Plan(Workflow("w", "w:1"), tuple(HostPlan(host, {"a": ()}) for host in hosts))


def test_hosts_that_end_by_themselves_make_a_complete_run():
    assert execute([FakeRun(), FakeRun("h2")], threading.Semaphore(50)) is Ending.COMPLETE


def test_the_workflows_time_limit_cancels_every_host():
    runs = [FakeRun(stays=True), FakeRun("h2", stays=True)]
    assert execute(runs, threading.Semaphore(50), time.monotonic() + 0.05) is Ending.LATE
    assert [run.reasons for run in runs] == [["the workflow's time limit is over"]] * 2


def test_an_abort_on_one_host_cancels_the_others():
    other = FakeRun("h2", stays=True)
    execute([FakeRun(aborted="task a failed on h1"), other], threading.Semaphore(50))
    assert other.reasons[0] == "task a failed on h1"


def test_no_more_hosts_work_at_once_than_there_are_slots():
    slots = threading.Semaphore(2)
    runs = [FakeRun(f"h{number}") for number in range(20)]
    for run in runs:
        run.slots = slots
    assert execute(runs, slots) is Ending.COMPLETE
    assert slots.acquire(blocking=False) and slots.acquire(blocking=False) and not slots.acquire(blocking=False)


class Keyboard(threading.Semaphore):
    """Slots for all; whoever asks for the last one is interrupted twice before."""

    def __init__(self, slots: int) -> None:
        super().__init__(slots)
        self.words: list[object] = [*[True] * (slots - 1), KeyboardInterrupt, KeyboardInterrupt, True]

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        word = self.words.pop(0)
        if word is KeyboardInterrupt:
            raise KeyboardInterrupt
        return True


def test_a_host_that_takes_no_word_holds_up_neither_the_others_nor_the_second_ctrl_c():
    class Frozen(FakeRun):
        def cancel(self, reason: str) -> None:
            self._ended.wait()  # until somebody hangs up

    frozen, other, last = Frozen(stays=True), FakeRun("h2", stays=True), FakeRun("h3")
    said = queue.SimpleQueue[str]()
    assert execute([frozen, other, last], Keyboard(3), say=said.put) is Ending.INTERRUPTED
    assert "Ctrl-C again leaves at once" in said.get(timeout=5)
    while not other.reasons:
        pass  # the second Ctrl-C may be quicker than the word of the first
    assert other.reasons == ["stopped by Ctrl-C"]


def test_a_handler_that_failed_is_left_until_it_has_run_well():
    tally = Tally(plan("h1"))
    tally.add(TaskFinished("h1", "a", "changed"))
    tally.add(TaskFinished("h1", "restart", "failed", handler=True, blocks=True))
    assert (tally.left, tally.exit_code([], Ending.COMPLETE)) == ({"failed"}, 2)
    tally.add(TaskFinished("h1", "restart", "changed", handler=True))
    assert (tally.left, tally.exit_code([], Ending.COMPLETE)) == (set(), 0)


@pytest.mark.parametrize(
    ("statuses", "busy", "ending", "code"),
    [
        pytest.param({"h1": "ok", "h2": "changed"}, (), Ending.COMPLETE, 0, id="all well"),
        pytest.param({"h1": "skipped"}, (), Ending.COMPLETE, 0, id="skipped is well"),
        pytest.param({"h1": "failed", "h2": "unreachable"}, (), Ending.COMPLETE, 2, id="failed wins over unreachable"),
        pytest.param({"h1": "timed_out"}, (), Ending.COMPLETE, 2, id="timed out is failed"),
        pytest.param({"h1": "ok", "h2": "unreachable"}, (), Ending.COMPLETE, 3, id="unreachable"),
        pytest.param({"h1": "failed", "h2": "ok"}, ("h1",), Ending.COMPLETE, 6, id="busy"),
        pytest.param({"h1": "failed", "h2": "failed"}, ("h1",), Ending.COMPLETE, 2, id="failed wins over busy"),
        pytest.param({"h1": "failed"}, (), Ending.STOPPED, 5, id="stopped by max_fail"),
        pytest.param({"h1": "cancelled"}, (), Ending.LATE, 7, id="late"),
        pytest.param({"h1": "cancelled"}, (), Ending.INTERRUPTED, 130, id="interrupted"),
    ],
)
def test_exit_codes(statuses, busy, ending, code):
    tally = Tally(plan(*statuses))
    for host, status in statuses.items():
        tally.add(TaskFinished(host, "a", status))
    runs = [FakeRun(host, busy=host in busy) for host in statuses]
    assert tally.exit_code(runs, ending) == code


def test_an_ignored_failure_is_no_failure_of_the_run():
    tally = Tally(plan("h1"))
    tally.add(TaskFinished("h1", "a", "failed", ignored=True))
    assert tally.exit_code([FakeRun()], Ending.COMPLETE) == 0
    assert tally.counts == {"h1": {"ignored": 1}}


def test_unreachable_hosts_are_bad_hosts_and_what_a_delegate_fails_at_is_the_failure_of_its_host():
    delegate = HostPlan(
        "lb",
        {"a for h1": (), "a for h2": (), "b": ()},
        delegated={"a for h1": Delegated("a", "h1"), "a for h2": Delegated("a", "h2"), "b": Delegated("b")},
    )
    tally = Tally(Plan(Workflow("w", "w:1"), (HostPlan("h1", {"c": ()}), HostPlan("h2", {"c": ()}), delegate)))
    tally.add(TaskFinished("lb", "a for h1", "failed"))
    assert (tally.bad_hosts(["h1", "h2"]), tally.bad_hosts(["lb"])) == (1, 0)
    tally.add(TaskFinished("h2", "c", "unreachable"))
    assert tally.bad_hosts(["h1", "h2"]) == 2
    tally.add(TaskFinished("lb", "b", "failed"))
    assert tally.bad_hosts(["lb"]) == 1
