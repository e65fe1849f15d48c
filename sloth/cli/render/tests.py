"""Results of tests: for people as they come, for programs as JSON, for CI as JUnit's XML."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from sloth.cli.render.hostnames import natural
from sloth.cli.render.screen import Screen
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
        screen.raw(_junit(results))


def _junit(results: Sequence[TestResult]) -> str:
    """A suite for each file or host, in the order of their names: hosts end in any order."""
    from sloth.cli.render.junit import Document

    document = Document()
    suites = {file: document.suite(file) for file in sorted({result.file for result in results}, key=natural)}
    for one in results:
        path, _, line = one.where.rpartition(":")
        document.case(
            suites[one.file], one.name, one.duration, classname=one.file, file=path, line=line,
            ended={FAILED: "failure", SKIPPED: "skipped"}.get(one.status, ""), message=one.message,
            detail=f"{one.where}: {one.message}" if one.status == FAILED else "", out="\n".join(one.lines),
        )  # fmt: skip
    return str(document)


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
