"""What is known of a run that goes on, in few lines; and that the picture never stands in what is printed."""

from __future__ import annotations

import pytest

from sloth.cli.render.live import Live, Progress
from sloth.cli.render.screen import Screen
from sloth.core.events import BatchStarted, RunFinished, RunStarted, TaskFinished, TaskRetrying, TaskStarted
from tests.unit.cli.streams import Terminal


def progress(*events, hosts):
    made = Progress()
    made.take(RunStarted("7f3a", "site", "site.sloth", False, hosts, 0.0), 0.0)
    for event in events:
        made.take(event, 1.0)
    return made


def test_tasks_and_hosts_are_counted():
    made = progress(
        TaskStarted("a", "t"), TaskFinished("a", "t", "ok"), TaskFinished("a", "u", "ok"), TaskFinished("b", "t", "ok"),
        hosts={"a": ["t", "u"], "b": ["t", "u"]},
    )  # fmt: skip
    assert made.summary(5.0) == "3/4 tasks · 1 of 2 hosts done · 5.0 s"


def test_between_runs_there_is_nothing_to_draw():
    made = progress(hosts={"a": ["t"]})
    made.take(RunFinished("7f3a", "site", {}, 0, 1.0), 1.0)
    assert made.total == 0


def test_a_host_of_a_later_batch_is_not_waited_for():
    made = progress(BatchStarted(1, 2, ["a"], {"a": ["t"]}), hosts={"a": ["t"], "b": ["t"]})
    assert made.lines(3.0, 7) == ["   2.0 s  waiting for a"]


def test_handlers_are_shown_but_not_counted():
    made = progress(TaskStarted("a", "restart", handler=True), hosts={"a": ["t"]})
    assert made.lines(3.0, 7) == ["   2.0 s  restart  a"]
    made.take(TaskFinished("a", "restart", "ok", handler=True), 3.0)
    assert (made.lines(3.0, 7), made.done) == ([], 0)


def test_hosts_on_one_task_are_one_line():
    hosts = {f"web{number}": ["t"] for number in range(1, 51)}
    made = progress(*(TaskStarted(host, "t") for host in hosts), hosts=hosts)
    assert made.lines(2.0, 7) == ["   1.0 s  t  web[1:50] (50 hosts)"]


def test_the_picture_does_not_grow_with_the_tasks():
    hosts = {f"h{number}": [f"t{number}"] for number in range(50)}
    made = progress(*(TaskStarted(host, f"t{host[1:]}") for host in hosts), hosts=hosts)
    lines = made.lines(2.0, 7)
    assert len(lines) == 7
    assert lines[-1].strip() == "… and 44 more tasks"


def test_a_task_that_tries_again_says_so():
    made = progress(TaskStarted("a", "t"), TaskRetrying("a", "t", 1, 2.0, "no"), hosts={"a": ["t"]})
    assert made.lines(2.0, 7) == ["   1.0 s  t  a  retrying"]


@pytest.mark.parametrize(("count", "told"), [(3, "h[1:3] (3 hosts)"), (51, "51 hosts")], ids=["few", "many"])
def test_hosts_that_have_not_begun_are_named_while_they_are_few(count, told):
    hosts = {f"h{number}": ["t"] for number in range(count + 1)}
    made = progress(TaskStarted("h0", "t"), hosts=hosts)
    assert made.lines(2.0, 7) == [f"   2.0 s  waiting for {told}", "   1.0 s  t  h0"]
    made.take(TaskFinished("h1", "t", "unreachable"), 3.0)
    assert "h1" not in made.lines(3.0, 7)[0]


def test_a_short_run_is_never_drawn():
    stream = Terminal()
    live = Live(stream, colour=False)
    with live.drawing(lambda: None):
        live(RunStarted("7f3a", "site", "site.sloth", False, {"a": ["t"]}, 0.0))
        Screen(stream, aside=live.aside).line("result")
    assert stream.getvalue() == "result\n"
