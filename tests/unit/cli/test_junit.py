"""A run as JUnit's XML."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest

from sloth.cli.render.junit import Junit
from sloth.cli.render.screen import Screen
from sloth.core.events import Event, HostUnreachable, LogLine, RunFinished, RunStarted, TaskFinished

STARTED = RunStarted("r", "site", "site.sloth", False, {"h1": ["a"]}, 0.0)
FINISHED = RunFinished("r", "site", {}, 0, 1.0)


def document(*events: Event) -> ET.Element:
    out = io.StringIO()
    junit = Junit(Screen(out))
    for event in (STARTED, *events, FINISHED):
        junit(event)
    junit.close()
    return ET.fromstring(out.getvalue())


@pytest.mark.parametrize(("status", "more", "inside"), [
    pytest.param("ok", {}, None, id="ok"),
    pytest.param("would_run", {}, None, id="check mode"),
    pytest.param("skipped", {}, "skipped", id="skipped"),
    pytest.param("failed", {}, "failure", id="failed"),
    pytest.param("failed", {"ignored": True}, None, id="ignored"),
    pytest.param("timed_out", {}, "failure", id="timed out"),
    pytest.param("unreachable", {}, "error", id="unreachable"),
])  # fmt: skip
def test_each_task_is_a_case_of_its_host(status, more, inside):
    suite = document(TaskFinished("h1", "a", status, duration=1.5, **more))[0]
    case = suite[0]
    assert (case.get("name"), case.get("classname"), case.get("time")) == ("a", "site.h1", "1.500")
    assert [child.tag for child in case] == [*([inside] if inside else []), "system-out"]
    counted = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counted == ["1", *(str(int(inside == kind)) for kind in ("failure", "error", "skipped"))]


def test_what_a_host_sends_is_text_that_no_parser_trips_over():
    evil = "<&]]> \x1b[31mred\x00\ud800\uffff"
    case = document(TaskFinished("h1", "a", "failed", evil, failure={"stdout": evil, "where": "site.sloth:3"}))[0][0]
    assert case[0].get("message") == "<&]]> red\ufffd\ufffd"
    assert case[0].text == "at site.sloth:3\nstdout:\n<&]]> red\ufffd\ufffd"


def test_why_a_host_could_not_be_reached_has_its_hint():
    lost = HostUnreachable("h1", "refused", "refused", "is sshd running?")
    case = document(lost, TaskFinished("h1", "a", "unreachable", "refused"))[0][0]
    assert (case[0].get("message"), case[0].text) == ("refused", "is sshd running?")


def test_a_run_that_did_not_begin_is_no_document():
    out = io.StringIO()
    Junit(Screen(out)).close()
    assert out.getvalue() == ""


def test_what_is_for_people_goes_to_the_others():
    heard: list[Event] = []
    line = LogLine("h1", "a", "info", "hello")
    Junit(Screen(io.StringIO()), heard.append)(line)
    assert heard == [line]
