"""A run as people read it: from recorded events to lines."""

from __future__ import annotations

import pytest

from sloth.cli.render.grouping import PATIENCE
from sloth.cli.render.report import Report
from sloth.cli.render.results import Detail
from sloth.cli.render.wording import duration
from sloth.core.events import (
    BatchesLeftOut,
    BatchStarted,
    HostTimes,
    HostUnreachable,
    LogLine,
    Notice,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
)  # fmt: skip
from tests.unit.cli.streams import screen

WEB = ["web1", "web2", "web3"]
FAILURE = {"error": "exit code 3", "where": "site.sloth:7", "stdout": "out\n", "stderr": "\x1b[31mbad\n"}


class Clock:
    """Time that stands still until it is told to go on."""

    now = 0.0

    def __call__(self):
        return self.now


def started(*tasks, hosts=WEB, check=False):
    return RunStarted("7f3a", "site", "site.sloth", check, {host: list(tasks) for host in hosts}, 0.0)


def finished(exit_code=0, seconds=0.5, **counts):
    return RunFinished("7f3a", "site", counts, exit_code, seconds)


def told(*events, verbosity=0, clock=None, **detail):
    """The lines of standard output and of standard error."""
    (results, out), (progress, err) = screen(), screen()
    report = Report(results, progress, Detail(verbosity, **detail), clock or Clock())
    for event in events:
        report(event)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


def test_equal_results_of_many_hosts_are_one_line():
    results = [TaskFinished(host, "nginx", "changed", "installed") for host in WEB]
    out, err = told(started("nginx"), *results)
    assert out == ["site: 1 task on web[1:3] (3 hosts)", "nginx  changed  web[1:3] (3 hosts)  installed"]
    assert err == []


def test_handlers_have_room_for_their_names_also_when_no_task_is_left():
    begun = RunStarted("7f3a", "site", "site.sloth", False, {"web1": []}, 0.0, 1, ["reload nginx"])
    (results, out), (progress, _) = screen(width=80), screen()
    report = Report(results, progress, Detail(), Clock())
    for event in (begun, TaskFinished("web1", "reload nginx", "ok", handler=True)):
        report(event)
    assert out.getvalue().splitlines()[-1] == "reload nginx  ok       web1"


def test_output_that_was_seen_while_it_came_is_not_told_again_when_the_task_fails():
    live = [TaskOutput("web1", "nginx", "stdout", "one\n\ntw"), TaskOutput("web1", "nginx", "stdout", "o\n")]
    failure = {"error": "make: exit code 3\ntwo\n", "stdout": "one\n\ntwo\n", "stderr": "bad\n"}
    failed = TaskFinished("web1", "nginx", "failed", "make: exit code 3\ntwo", failure=failure)
    out, _ = told(started("nginx", hosts=["web1"]), *live, failed, verbosity=1)
    assert out[1:] == [
        "web1 | one", "web1 | two", "nginx  failed   web1  make: exit code 3", "    stderr:", "    bad"
    ]  # fmt: skip
    other = TaskFinished("web1", "nginx", "failed", failure={"stdout": "on\n"})
    assert told(started("nginx", hosts=["web1"]), *live, other)[0][-2:] == ["    stdout:", "    on"]
    answer = TaskFinished("web1", "nginx", "changed", outputs={"stdout": "one\n\ntwo\n", "stderr": "", "exit_code": 0})
    out, _ = told(started("nginx", hosts=["web1"]), *live, answer, verbosity=1, command=True)
    assert out == ["web1 | one", "web1 | two", "changed  web1"]


def test_a_rolling_run_is_told_batch_by_batch():
    batches = [BatchStarted(1, 2, ["web1"], {"web1": ["nginx"]}),
               BatchStarted(2, 2, WEB[1:], {host: ["nginx"] for host in WEB[1:]})]  # fmt: skip
    results = [TaskFinished(host, "nginx", "ok") for host in WEB]
    out, _ = told(started("nginx"), batches[0], results[0], batches[1], *results[1:])
    assert out[1:] == ["batch 1 of 2: web1", "nginx  ok       web1",
                       "batch 2 of 2: web[2:3] (2 hosts)", "nginx  ok       web[2:3] (2 hosts)"]  # fmt: skip
    assert told(started("nginx"), batches[0], quiet=True) == ([], [])


def test_batches_that_are_left_out_are_one_line():
    why = "not begun: 1 of 1 hosts of the batch before failed or were unreachable"
    events = [
        started("nginx", "site"), BatchStarted(1, 3, ["web1"], {"web1": ["nginx", "site"]}),
        TaskFinished("web1", "nginx", "failed", "no"), TaskFinished("web1", "site", "skipped", "nginx did not succeed"),
        BatchesLeftOut(2, 3, WEB[1:], why),
        *[TaskFinished(host, task, "skipped", why) for host in WEB[1:] for task in ("nginx", "site")],
        finished(5, web1={"failed": 1}),
    ]  # fmt: skip
    out, _ = told(*events)
    assert out[2:5] == [
        "nginx  failed   web1  no", "site   skipped  web1  nginx did not succeed",
        f"batches 2 to 3 of 3: web[2:3] (2 hosts)  {why}",
    ]  # fmt: skip
    assert out[5] == ""
    assert f"site   skipped  web[2:3] (2 hosts)  {why}" in told(*events, verbosity=1)[0]


def test_quietly_only_what_did_not_go_well_is_told():
    events = [
        started("nginx", "site"), LogLine("web1", "nginx", "info", "hello"), TaskFinished("web1", "nginx", "changed"),
        TaskFinished("web2", "nginx", "failed", "no room"), TaskFinished("web3", "nginx", "failed", "so", ignored=True),
        Notice("a note"),
    ]  # fmt: skip
    assert told(*events, finished(1, web1={"changed": 1}, web2={"failed": 1}), quiet=True) == (
        ["nginx  failed   web2  no room", "site: 2 hosts in 0.5 s: 1 changed, 1 failed"], ["note: a note"]
    )  # fmt: skip
    assert told(*events[:3], finished(web1={"changed": 1}), quiet=True) == ([], [])


def test_in_check_mode_what_many_hosts_are_warned_of_is_one_line_before_their_results():
    warnings = [LogLine(host, "nginx", "warning", "there is no user app yet") for host in WEB for _ in range(2)]
    results = [TaskFinished(host, "nginx", "would_change", "installed") for host in WEB]
    alone = LogLine("web2", "nginx", "warning", "another")
    out, _ = told(started("nginx", check=True), *warnings, alone, *results)
    assert out[1:] == [
        "web[1:3] (3 hosts) | there is no user app yet",
        "web2 | another",
        "nginx  would_change  web[1:3] (3 hosts)  installed",
    ]


def test_a_warning_whose_task_comes_to_no_result_is_told_at_the_end():
    out, _ = told(started("a", check=True), LogLine("web1", "a", "warning", "odd"), finished())
    assert "web1 | odd" in out


def test_lines_stand_in_columns_as_wide_as_the_longest_task():
    out, _ = told(
        started("a", "long name", hosts=["h"]), TaskFinished("h", "a", "ok"), TaskFinished("h", "long name", "changed")
    )
    assert out[1:] == ["a          ok       h", "long name  changed  h"]


def test_what_a_failed_command_said_is_shown_as_it_said_it_but_inert():
    out, _ = told(started("t", hosts=["h"]), TaskFinished("h", "t", "failed", "sh: exit code 3", failure=FAILURE))
    assert out[1:] == [
        "t  failed   h  sh: exit code 3", "    at site.sloth:7", "    stdout:", "    out", "    stderr:", "    bad",
    ]  # fmt: skip


def test_an_error_that_the_message_does_not_tell_is_told():
    out, _ = told(started("t", hosts=["h"]), TaskFinished("h", "t", "failed", "no", failure={"error": "why not"}))
    assert "    why not" in out


def test_a_failure_that_does_not_matter_says_so():
    out, _ = told(started("t", hosts=["h"]), TaskFinished("h", "t", "failed", "no", ignored=True))
    assert out[1] == "t  ignored  h  no"


def test_a_message_cannot_pretend_to_be_a_result():
    out, _ = told(started("t", hosts=["h"]), TaskFinished("h", "t", "ok", "fine\nt  ok  h2\r\x1b[1A"))
    assert out[1:] == ["t  ok       h  fine", "    t  ok  h2"]


def test_long_tasks_and_further_attempts_are_remarked():
    event = TaskFinished("h", "t", "ok", duration=75.0, attempts=3)
    assert told(started("t", hosts=["h"]), event)[0][1] == "t  ok       h  (3 attempts, 1 min 15 s)"


@pytest.mark.parametrize(
    ("detail", "more"),
    [
        pytest.param({}, [], id="nothing more"),
        pytest.param({"verbosity": 1}, ["    * echo"], id="-v: changes"),
        pytest.param({"verbosity": 2}, ["    * echo", "    port = 80", '    names = ["a"]', "    stdout:", "    a", "    b"],
                     id="-vv: outputs"),
        pytest.param({"diff": True}, ["    /etc/x", "    @@ -1 +1 @@", "    -old", "    +new"], id="-D: differences"),
    ],
)
def test_more_is_told_when_it_is_asked_for(detail, more):
    event = TaskFinished(
        "h", "t", "changed", outputs={"port": 80, "names": ["a"], "stdout": "a\nb\n"}, changes=["echo"],
        diff=[{"path": "/etc/x", "text": "@@ -1 +1 @@\n-old\n+new\n"}],
    )  # fmt: skip
    assert told(started("t", hosts=["h"]), event, **detail)[0][2:] == more


def test_with_everything_the_steps_of_each_host_are_told():
    events = [TaskStarted("h", "t"), HostTimes("h", 0.2, 0.0, 0.1, 1.5, 0.1, 1.9)]
    assert told(started("t", hosts=["h"]), *events, verbosity=2)[1] == []
    assert told(started("t", hosts=["h"]), *events, verbosity=3)[1] == [
        "h | t begins", "h | done: connect 0.2 s, upload 0.0 s, lua 0.1 s, modules 1.5 s",
    ]  # fmt: skip


def test_what_several_hosts_write_is_told_once_and_before_how_it_ended():
    lines = [TaskOutput(host, "t", "stdout", "compiling\n") for host in ("web1", "web2", "web3")]
    out, _ = told(started("t"), *lines, TaskOutput("web2", "t", "stdout", "odd\n"), *(
        TaskFinished(host, "t", "ok") for host in ("web1", "web2", "web3")
    ))
    assert out[1:4] == ["web[1:3] (3 hosts) | compiling", "web2 | odd", "t  ok       web[1:3] (3 hosts)"]


def test_lines_that_a_workflow_logs_come_at_once_with_their_host():
    lines = [LogLine("web1", "t", "info", "one\ntwo\x1b[2J"), LogLine("", "", "info", "while loading")]
    out, _ = told(started("t", hosts=["web1"]), *lines)
    assert out[1:] == ["web1 | one", "web1 | two", "while loading"]


@pytest.mark.parametrize(("verbosity", "lines"), [pytest.param(0, 0, id="quiet"), pytest.param(1, 1, id="-v")])
def test_debug_lines_are_for_verbose_runs(verbosity, lines):
    assert len(told(LogLine("h", "t", "debug", "x"), verbosity=verbosity)[0]) == lines


def test_live_output_is_told_in_whole_lines():
    out, _ = told(
        started("t", hosts=["h"]),
        TaskOutput("h", "t", "stdout", "fir"), TaskOutput("h", "t", "stderr", "warn\n"),
        TaskOutput("h", "t", "stdout", "st\nsecond"), TaskFinished("h", "t", "ok"),
        verbosity=1,
    )  # fmt: skip
    assert out[1:] == ["h | warn", "h | first", "h | second", "t  ok       h"]


def test_an_escape_cannot_hide_between_two_pieces_of_output():
    out, _ = told(TaskOutput("h", "t", "stdout", "a\x1b"), TaskOutput("h", "t", "stdout", "[2Jb\n"), verbosity=1)
    assert "\x1b" not in "".join(out)


def test_without_v_attempts_are_not_told_and_output_where_its_call_wants_it_live():
    assert told(TaskRetrying("h", "t", 1, 2.0, "no")) == ([], [])
    assert told(TaskOutput("h", "t", "stdout", "x\n"))[0] == ["h | x"]


def test_the_answers_of_one_command_are_told_at_its_end():
    assert told(TaskOutput("h", "t", "stdout", "x\n"), command=True) == ([], [])


def test_attempts_are_told_on_the_side_of_progress():
    _, err = told(TaskRetrying("h", "t", 1, 2.0, "no\nway"), verbosity=1)
    assert err == ["h | t: attempt 1 failed, the next one in 2.0 s: no way"]


def unreachable(host, why="nothing listens", hint="is sshd running?"):
    return HostUnreachable(host, "refused", f"{host}: {why}", hint)


def test_hosts_that_are_not_reached_for_one_reason_are_one_line_and_a_hint_is_told_once():
    out, _ = told(
        started("a", "b", hosts=["x1", "x2", "y"]),
        unreachable("x1"), TaskFinished("x1", "a", "unreachable"), TaskFinished("x1", "b", "unreachable"),
        unreachable("y", "no answer"), unreachable("x2"), finished(3, y={"unreachable": 2}),
    )  # fmt: skip
    assert out[1:4] == [
        "x[1:2] (2 hosts)  unreachable  nothing listens", "    hint: is sshd running?", "y  unreachable  no answer",
    ]  # fmt: skip


def test_a_host_on_which_another_run_works_is_told_once_and_not_for_each_task():
    busy = {"kind": "lock_busy"}
    out, _ = told(
        started("a", "b", hosts=["x1", "x2"]),
        *(TaskFinished(host, task, "failed", "ann works here", failure=busy) for host in ("x1", "x2") for task in "ab"),
        finished(6, x1={"failed": 2}, x2={"failed": 2}),
    )  # fmt: skip
    assert out[1:3] == ["x[1:2] (2 hosts)  busy  ann works here", "    hint: wait for it: --lock-timeout 5m"]


def test_a_host_that_is_not_reached_is_told_before_the_end_of_a_long_run():
    clock = Clock()
    (results, out), (progress, _) = screen(), screen()
    report = Report(results, progress, Detail(), clock)
    report(unreachable("x"))
    assert out.getvalue() == ""
    clock.now = PATIENCE
    report.tick()
    assert out.getvalue().startswith("x  unreachable  nothing listens\n")


def test_a_host_that_is_not_reached_holds_nothing_back():
    out, _ = told(started("a", hosts=["x", "y"]), TaskFinished("y", "a", "ok"), TaskFinished("x", "a", "unreachable"))
    assert out[1:] == ["a  ok       y"]


def test_a_notice_of_sloth_itself_is_told_at_once_and_once():
    assert told(Notice("old file"), Notice("old file"))[1] == ["note: old file"]


def test_equal_notices_of_many_hosts_are_one_line_at_the_end():
    notices = [Notice(text, f"n{number:03}") for number in range(1, 37) for text in ("slow shell", "old\nkey")]
    assert told(*notices)[1] == []
    ended = [*notices, Notice("slow shell", "n001"), finished(h={"ok": 1}), Notice("slow shell", "n002"), finished()]
    assert told(*ended)[1] == [
        "note: n[001:036] (36 hosts): slow shell", "note: n[001:036] (36 hosts): old key",
    ]  # fmt: skip


def test_what_was_kept_is_told_of_a_run_without_an_end_too():
    (results, _), (progress, err) = screen(), screen()
    report = Report(results, progress, Detail())
    report(Notice("slow shell", "h"))
    report.close()
    assert err.getvalue() == "note: h: slow shell\n"


def test_check_mode_says_that_nothing_is_changed():
    out, _ = told(started("t", hosts=["h"], check=True), TaskFinished("h", "t", "would_change"))
    assert out == ["site: 1 task on h · check mode, nothing is changed", "t  would_change  h"]


def test_a_check_tells_what_would_change():
    result = TaskFinished("h", "t", "would_change", changes=["write /etc/motd"])
    out, _ = told(started("t", hosts=["h"], check=True), result, changes=True)
    assert out[1:] == ["t  would_change  h", "    * write /etc/motd"]


def test_results_that_waited_are_told_while_a_host_is_still_busy():
    clock = Clock()
    (results, out), (progress, _) = screen(), screen()
    report = Report(results, progress, Detail(), clock)
    report(started("t", hosts=["fast", "slow"]))
    report(TaskFinished("fast", "t", "ok"))
    clock.now = PATIENCE
    report.tick()
    assert out.getvalue().splitlines()[1:] == ["t  ok       fast"]


def test_the_recap_has_a_row_for_hosts_that_did_alike_and_the_totals():
    counts = {"web1": {"ok": 2}, "web2": {"ok": 2}, "db": {"ok": 1, "failed": 1}}
    out, _ = told(started("a", "b", hosts=list(counts)), finished(2, **counts))
    assert out[1:] == [
        "",
        "host                ok  changed  failed",
        "db                   1        0       1",
        "web[1:2] (2 hosts)   2        0       0",
        "site: 3 hosts in 0.5 s: 5 ok, 1 failed",
    ]


def test_the_totals_count_hosts_that_could_not_be_reached_not_their_tasks():
    out, _ = told(started("a", "b", hosts=["x", "y"]), finished(3, x={"unreachable": 2}, y={"ok": 1, "unreachable": 1}))
    assert out[-1] == "site: 2 hosts in 0.5 s: 1 ok, 2 hosts unreachable"


def test_the_recap_of_a_check_tells_what_would_change():
    out, _ = told(started("a", hosts=["h"], check=True), finished(h={"would_change": 1, "skipped": 1}))
    assert out[2:4] == [
        "host  ok  would_change  would_run  skipped  failed",
        "h      0             1          0        1       0",
    ]


def test_the_slowest_tasks_are_told_of_runs_that_took_long():
    names = ["a", "b", "c", "d", "quick"]
    results = [TaskFinished("h", name, "ok", duration=float(index)) for index, name in enumerate("abcd", 1)]
    results += [TaskFinished("h", "quick", "ok", duration=0.01)]
    out, _ = told(started(*names, hosts=["h"]), *results, finished(seconds=10.0, h={"ok": 5}))
    assert "slowest:  d 4.0 s (h) · c 3.0 s (h) · b 2.0 s (h)" in out
    out, _ = told(started(*names, hosts=["h"]), *results, finished(seconds=0.9, h={"ok": 5}))
    assert not any(line.startswith("slowest") for line in out)


def test_one_command_is_told_by_what_it_said():
    outputs = {"stdout": "up 5 days\n", "stderr": "", "exit_code": 0}
    results = [TaskFinished(host, "command", "changed", outputs=outputs) for host in WEB]
    out, _ = told(
        started("command"), TaskStarted("web1", "command"), *results, finished(web1={"changed": 1}),
        command=True,
    )  # fmt: skip
    assert out == ["changed  web[1:3] (3 hosts)", "    up 5 days"]


def test_a_command_that_fails_is_of_no_file():
    result = TaskFinished("h", "command", "failed", "false: exit code 3", failure=FAILURE)
    out, _ = told(started("command", hosts=["h"]), result, finished(2, h={"failed": 1}), command=True)
    assert out[0] == "failed   h  false: exit code 3"
    assert "site.sloth" not in "".join(out)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7320, "2 h 02 min")],
)
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text


def test_no_text_of_a_host_makes_a_line_that_seems_to_be_sloths():
    forged = "fine\rweb9 | forged"
    result = TaskFinished("web1", "a", "changed", changes=[forged], outputs={"x": forged}, failure={"where": forged})
    out, _ = told(started("a", hosts=["web1"]), result, finished(), verbosity=2)
    assert not [line for line in out if line.startswith("web9")]
