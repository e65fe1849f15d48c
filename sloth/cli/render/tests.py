"""Results of tests: for people as they come, for programs as JSON, for CI as JUnit's XML."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from sloth.cli.render.screen import Screen, inert
from sloth.core.testresult import FAILED, PASSED, SKIPPED, TestResult, Watch

_MARKS = {PASSED: ("✓", "green"), FAILED: ("✗", "bold red"), SKIPPED: ("-", "yellow")}


class TestFormat(StrEnum):
    """How the results of tests are printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


@contextmanager
def showing(form: TestFormat, *, verbose: bool) -> Iterator[Watch]:
    """Takes results as they come, and ends with their sum."""
    screen = Screen.of(sys.stdout, os.environ)
    results: list[TestResult] = []
    began = time.monotonic()

    def take(result: TestResult) -> None:
        if form is TestFormat.TEXT:
            if not results or results[-1].file != result.file:
                screen.line((result.file, "bold"))
            _show(screen, result, verbose=verbose)
        results.append(result)

    yield take
    duration = time.monotonic() - began
    if form is TestFormat.TEXT:
        _show_sum(screen, results, duration)
    elif form is TestFormat.JSON:
        screen.json({"tests": [result.plain() for result in results], "duration": round(duration, 3), **_sum(results)})
    else:
        screen.line(junit(results))


def junit(results: Sequence[TestResult]) -> str:
    """The results as JUnit has them: a suite for each file."""
    from xml.etree import ElementTree as ET

    whole = ET.Element("testsuites", name="sloth")
    for file in dict.fromkeys(result.file for result in results):
        of_file = [result for result in results if result.file == file]
        suite = ET.SubElement(
            whole, "testsuite", name=file, tests=str(len(of_file)), failures=str(_sum(of_file)[FAILED]),
            skipped=str(_sum(of_file)[SKIPPED]), errors="0", time=f"{sum(one.duration for one in of_file):.3f}",
        )  # fmt: skip
        for one in of_file:
            path, _, line = one.where.rpartition(":")
            case = ET.SubElement(
                suite, "testcase", classname=file, name=inert(one.name), file=path, line=line,
                time=f"{one.duration:.3f}",
            )  # fmt: skip
            if one.status == FAILED:
                failure = ET.SubElement(case, "failure", message=inert(one.message))
                failure.text = f"{one.where}: {inert(one.message)}"
            if one.status == SKIPPED:
                ET.SubElement(case, "skipped", message=inert(one.message))
            if one.lines:
                ET.SubElement(case, "system-out").text = "\n".join(map(inert, one.lines))
    ET.indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(whole, encoding="unicode")


def _show(screen: Screen, result: TestResult, *, verbose: bool) -> None:
    mark, style = _MARKS[result.status]
    remark = result.message if result.status == SKIPPED else ""
    screen.line("  ", (mark, style), " ", result.name, (f"  {remark}" if remark else "", "dim"))
    if result.status == FAILED:
        screen.block(result.message, "red", indent="      ")
        screen.line("      ", ("at ", "dim"), result.where)
    if result.lines and (verbose or result.status == FAILED):
        screen.block("\n".join(result.lines), "dim", indent="      | ")


def _show_sum(screen: Screen, results: Sequence[TestResult], duration: float) -> None:
    counts = _sum(results)
    styles = {PASSED: "green", FAILED: "bold red", SKIPPED: "yellow"}
    parts = [f"{number} {status}" for status, number in counts.items() if number]
    style = next((styles[status] for status in (FAILED, PASSED, SKIPPED) if counts[status]), "plain")
    screen.line()
    screen.line((", ".join(parts), style), f" in {duration:.1f} s")


def _sum(results: Sequence[TestResult]) -> dict[str, int]:
    return {status: sum(result.status == status for result in results) for status in (PASSED, FAILED, SKIPPED)}
