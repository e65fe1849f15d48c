"""JUnit's XML, which CI systems read: any suites of cases, and a run as a suite for each host, a case for each task."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # made here, never parsed

from sloth.cli.render.results import diff_text, said_by
from sloth.cli.render.screen import Screen, inert, one_line
from sloth.core.events import (
    BatchesLeftOut,
    BatchStarted,
    Event,
    HostUnreachable,
    RunFinished,
    RunStarted,
    Subscriber,
    TaskFinished,
)
from sloth.core.model import BAD

_NOT_IN_XML = re.compile("[\ufffe\uffff]")


class Document:
    """What is written at the end."""

    def __init__(self) -> None:
        self._root = ET.Element("testsuites", name="sloth")

    def suite(self, name: str, **about: str) -> ET.Element:
        """One more suite."""
        return ET.SubElement(self._root, "testsuite", _attributes(name=name, **about))

    def case(
        self, suite: ET.Element, name: str, seconds: float, *, ended: str = "", status: str = "", message: str = "",
        detail: str = "", out: str = "", **about: str,
    ) -> None:  # fmt: skip
        """One more case. ended: failure, error or skipped, if it did not go well; status: how exactly, in our words."""
        case = ET.SubElement(suite, "testcase", _attributes(name=name, **about, time=f"{seconds:.3f}"))
        if ended:
            said = ET.SubElement(case, ended, _attributes(**({"type": status} if status else {}), message=message))
            said.text = _text(detail) or None
        if out:
            ET.SubElement(case, "system-out").text = _text(out)

    def __str__(self) -> str:
        """All of it; nothing where there is no suite."""
        if not len(self._root):
            return ""
        for suite in self._root:
            self._count(suite)
        ET.indent(self._root)
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(self._root, "unicode") + "\n"

    @staticmethod
    def _count(suite: ET.Element) -> None:
        cases = list(suite)
        suite.set("tests", str(len(cases)))
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
        suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


class Junit:
    """A subscriber; `close` writes the document. `others` hears of the events that are for people only."""

    def __init__(self, screen: Screen, others: Subscriber | None = None) -> None:
        self._screen = screen
        self._others = others
        self._document = Document()
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
            case RunFinished() | BatchStarted() | BatchesLeftOut():
                pass  # the cases of the document say it
            case HostUnreachable():
                self._hints[event.host] = event.hint
            case _ if self._others is not None:
                self._others(event)

    def close(self) -> None:
        """Write it, once all is known."""
        self._screen.raw(str(self._document))

    def _begin(self, event: RunStarted) -> None:
        self._workflow = event.workflow
        began = datetime.fromtimestamp(event.started_at, UTC).isoformat(timespec="seconds")
        self._suites = {host: self._suite(host, timestamp=began) for host in event.hosts}

    def _suite(self, host: str, **about: str) -> ET.Element:
        return self._document.suite(f"{self._workflow} on {host}", hostname=host, **about)

    def _add(self, event: TaskFinished) -> None:
        ended = status = detail = ""
        if event.status == "skipped":
            ended = "skipped"
        if event.status in BAD and not event.ignored:
            ended, status = "error" if event.status == "unreachable" else "failure", event.status
            detail = "\n".join(filter(None, (self._hints.get(event.host, ""), said_by(event.failure))))
        if event.host not in self._suites:  # of a run that was told by a damaged journal
            self._suites[event.host] = self._suite(event.host)
        lines = [f"{event.status}: {event.message}" if event.message else event.status, *event.changes]
        self._document.case(
            self._suites[event.host], event.task, event.duration, classname=f"{self._workflow}.{event.host}",
            ended=ended, status=status, message=one_line(event.message), detail=detail,
            out="\n".join([*lines, *map(diff_text, event.diff)]),
        )  # fmt: skip


def _attributes(**about: str) -> dict[str, str]:
    return {name: _text(value) for name, value in about.items()}


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", inert(text))
