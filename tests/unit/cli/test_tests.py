"""Results of tests as CI reads them."""

from __future__ import annotations

from sloth.cli.render import tests
from sloth.cli.render.tests import TestFormat as Form
from sloth.core.testresult import PASSED, TestResult


def test_suites_stand_in_the_order_of_their_names_whoever_ends_first(capsys):
    with tests.showing(Form.JUNIT, verbose=False) as watch:
        for host in ("web10", "web2", "db"):
            watch(TestResult(host, "checks: is_file /x", PASSED, "site.sloth:7", duration=0.25))
    shown = capsys.readouterr().out
    assert [line.split('"')[1] for line in shown.splitlines() if "<testsuite " in line] == ["db", "web2", "web10"]
    assert 'time="0.250"' in shown
