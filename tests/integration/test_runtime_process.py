"""The runtime as a process: what it does when its controller falls silent, stops to read, or cancels early."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from sloth.runtime.frames import WireError, framed
from sloth.runtime.wire import Peer

PROGRAM = """
import os, sys
import lupa.lua54
from sloth.runtime import lock, main, telling
main.SILENCE, telling.LULL = map(float, sys.argv[1:3])
lock.FOLDER = sys.argv[3]  # others may work on this machine
source, sink = os.dup(0), os.dup(1)
os.dup2(os.open(os.devnull, os.O_RDWR), 0)
os.dup2(2, 1)
main.serve(source, sink, None, b"")
"""
TASKS = 4


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def run(silence: float, lull: float = 0.1) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", PROGRAM, str(silence), str(lull), str(tmp_path)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, bufsize=0
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def job(command: str) -> dict[str, object]:
    """Some tasks side by side that all run this command."""
    names = [f"t{number}" for number in range(TASKS)]
    source = "".join(f'local {name} = task("{name}"):command([==[{command}]==]):build()\n' for name in names)
    source += f'workflow.define("w"):tasks({{ {", ".join(names)} }})'
    return {
        "run": "r", "host": "h1", "workflow": "w", "entry": "w.sloth", "sources": {"w.sloth": source},
        "live": True, "parallel": TASKS, "steps": [{"name": name} for name in names],
    }  # fmt: skip


def events_of(process: subprocess.Popen[bytes]) -> queue.Queue[tuple[object, object]]:
    """The type and the task of each event, as it comes."""
    told: queue.Queue[tuple[object, object]] = queue.Queue()
    assert process.stdin is not None and process.stdout is not None
    peer = Peer(
        partial(os.read, process.stdout.fileno()),
        process.stdin.write,
        {},
        {"hello": lambda args: None, "event": lambda event: told.put((event["type"], event["task"]))},
    )

    def listen() -> None:
        with suppress(OSError, WireError):  # the test is over, and its pipes are closed
            peer.serve()

    threading.Thread(target=listen, daemon=True).start()
    return told


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_a_controller_that_falls_silent_and_does_not_read_either_leaves_nothing_behind(start, tmp_path):
    process = start(silence=1.0)
    flood = f"echo $$ >> {tmp_path}/pids; head -c 200000 /dev/zero | tr '\\0' a; exec sleep 300"
    process.stdin.write(framed({"call": 1, "verb": "job", "args": job(flood)}))
    assert process.wait(20) == 0
    pids = (tmp_path / "pids").read_text().split()
    assert len(pids) == TASKS
    assert not [pid for pid in pids if is_alive(int(pid))]


def test_what_is_cancelled_before_it_plays_does_not_begin(start, tmp_path):
    process = start(silence=60.0)
    events: list[dict[str, object]] = []
    peer = Peer(
        lambda length: os.read(process.stdout.fileno(), length),
        process.stdin.write,
        {},
        {"hello": lambda args: None, "bye": lambda args: None, "event": events.append},
    )
    threading.Thread(target=peer.serve, daemon=True).start()
    peer.tell("cancel", {"reason": "stopped by Ctrl-C"})
    answer = peer.call("job", job(f"touch {tmp_path}/done"), timeout=20)
    assert isinstance(answer, dict)
    assert (answer["counts"], answer["exports"]) == ({"cancelled": TASKS}, {})
    assert {event["message"] for event in events} == {"stopped by Ctrl-C"}
    assert not (tmp_path / "done").exists()


def test_a_time_limit_is_told_at_once_when_it_begins_as_the_host_may_freeze(start):
    process = start(silence=60.0, lull=3600.0)
    told = events_of(process)
    plain = job("sleep 300")
    plain["steps"] = [{"name": "t0", "timeout": 60.0}]
    process.stdin.write(framed({"call": 1, "verb": "job", "args": plain}))
    assert [told.get(timeout=20) for _ in range(2)] == [("task_started", "t0"), ("task_phase", "t0")]


def test_the_end_of_a_task_that_other_hosts_wait_for_leaves_at_once(start):
    process = start(silence=60.0, lull=3600.0)
    ended = events_of(process)
    plain = job("[ $TASK != t3 ] || sleep 300")
    plain["steps"] = [{"name": f"t{n}", "env": {"TASK": f"t{n}"}, "awaited": n == 1} for n in range(TASKS)]
    plain["parallel"] = 1
    process.stdin.write(framed({"call": 1, "verb": "job", "args": plain}))
    heard = [ended.get(timeout=20) for _ in range(2)]
    assert heard == [("task_finished", "t0"), ("task_finished", "t1")]
    assert ended.empty()


def test_what_a_host_says_of_its_end_leaves_before_it_does(start):
    process = start(silence=1.0, lull=3600.0)
    told = events_of(process)
    process.stdin.write(framed({"call": 1, "verb": "job", "args": job("sleep 300")}))
    ended: set[object] = set()
    while len(ended) < TASKS:
        kind, task = told.get(timeout=20)
        ended |= {task} if kind == "task_finished" else set()
