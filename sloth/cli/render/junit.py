"""A run as JUnit's XML, which CI systems read: a suite for each host, a case for each task."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # made here, never parsed

from sloth.cli.render.results import diff_text, said_by
from sloth.cli.render.screen import Screen, inert, one_line
from sloth.core.events import Event, HostUnreachable, RunFinished, RunStarted, Subscriber, TaskFinished
from sloth.core.model import BAD

_NOT_IN_XML = re.compile("[\ufffe\uffff]")


class Junit:
    """A subscriber; `close` writes the document. `others` hears of the events that are for people only."""

    def __init__(self, screen: Screen, others: Subscriber | None = None) -> None:
        self._screen = screen
        self._others = others
        self._root = ET.Element("testsuites", name="sloth")
        self._suites: dict[str, ET.Element] = {}
        self._workflow = ""
        self._hints: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Take an event into the document, or leave it to the others."""
        match event:
            case RunStarted():
                self._begin(event)
            case TaskFinished():
                self._add(event)
            case RunFinished():
                self._count()
            case HostUnreachable():
                self._hints[event.host] = event.hint
            case _ if self._others is not None:
                self._others(event)

    def close(self) -> None:
        """Write it, once all is known."""
        if len(self._root):
            ET.indent(self._root)
            self._screen.raw('<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(self._root, "unicode") + "\n")

    def _begin(self, event: RunStarted) -> None:
        self._workflow = event.workflow
        began = datetime.fromtimestamp(event.started_at, UTC).isoformat(timespec="seconds")
        self._suites = {}
        for host in event.hosts:
            about = {"name": f"{event.workflow} on {host}", "hostname": host, "timestamp": began}
            attributes = {key: _text(value) for key, value in about.items()}
            self._suites[host] = ET.SubElement(self._root, "testsuite", attributes)

    def _add(self, event: TaskFinished) -> None:
        case = ET.SubElement(
            self._suites[event.host], "testcase", name=_text(event.task),
            classname=_text(f"{self._workflow}.{event.host}"), time=f"{event.duration:.3f}",
        )  # fmt: skip
        if event.status in BAD and not event.ignored:
            kind = "error" if event.status == "unreachable" else "failure"
            failure = ET.SubElement(case, kind, type=event.status, message=_text(one_line(event.message)))
            failure.text = _text("\n".join(filter(None, (self._hints.get(event.host, ""), said_by(event.failure)))))
        elif event.status == "skipped":
            ET.SubElement(case, "skipped", message=_text(one_line(event.message)))
        lines = [f"{event.status}: {event.message}" if event.message else event.status, *event.changes]
        ET.SubElement(case, "system-out").text = _text("\n".join([*lines, *map(diff_text, event.diff)]))

    def _count(self) -> None:
        for suite in self._suites.values():
            cases = list(suite)
            suite.set("tests", str(len(cases)))
            suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
            for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
                suite.set(name, str(sum(case.find(kind) is not None for case in cases)))


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", inert(text))
