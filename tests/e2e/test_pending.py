"""A handler that a failed run left over runs at the next success. On a real host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Run

pytestmark = pytest.mark.lab

SITE = """
local conf = task("conf"):command(function()
  file_ops.copy { dest = "/tmp/sloth-pending.conf", content = "x\\n" }
end):notify("restart"):build()
local next_one = task("next"):command(function() return vars.good == "yes", "broken" end):build()
workflow.define("w"):tasks({ conf, next_one }):handlers({ handler("restart", function() exec.run("true") end) })
"""


def test_a_handler_that_was_notified_before_a_failure_runs_at_the_next_success(
    lab_hosts, lab_inventory, tmp_path: Path
):
    host, site = lab_hosts[0], tmp_path / "site.sloth"
    site.write_text(SITE)

    def apply(*words: str) -> Run:
        run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site, *words)
        run.code = run.end()
        return run

    try:
        failed = apply("-e", "good=no")
        assert (failed.code, failed.of_host(host.name)) == (2, ["changed", "failed"])
        forced = apply("-e", "good=no", "--force-handlers")
        assert (forced.code, forced.of_host(host.name)) == (2, ["ok", "failed", "changed"])
        host.exec("rm", "/tmp/sloth-pending.conf")
        assert apply("-e", "good=no").of_host(host.name) == ["changed", "failed"]
        assert apply("-C", "-e", "good=yes").of_host(host.name) == ["ok", "ok"]
        fixed = apply("-e", "good=yes")
        assert fixed.statuses == {
            (host.name, "conf"): "ok",
            (host.name, "next"): "ok",
            (host.name, "restart"): "changed",
        }
        assert apply("-e", "good=yes").of_host(host.name) == ["ok", "ok"]
    finally:
        host.exec("rm", "-f", "/tmp/sloth-pending.conf")


FLUSHED = """
workflow.define("w", { tasks = {
  conf = { command = function() file_ops.copy { dest = "/tmp/sloth-flushed.conf", content = "x\\n" } end, notify = "conf" },
  flush = { depends_on = "conf", command = flush_handlers },
  after = { depends_on = "flush", command = function() end },
}, handlers = {
  handler("good", function() end):listen("conf"),
  handler("bad", function() return vars.good == "yes", "broken" end):listen("conf"),
  handler("never", function() end):listen("conf"),
} })
"""


def test_of_flushed_handlers_those_that_did_not_run_well_are_kept(lab_hosts, lab_inventory, tmp_path: Path):
    host, site = lab_hosts[0], tmp_path / "site.sloth"
    site.write_text(FLUSHED)

    def apply(good: str) -> dict[str, str]:
        run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site, "-e", f"good={good}")
        run.end()
        return {task: status for (_, task), status in run.statuses.items()}

    try:
        assert apply("no") == {"conf": "changed", "good": "ok", "bad": "failed", "flush": "failed", "after": "skipped"}
        assert apply("yes") == {"conf": "ok", "bad": "ok", "never": "ok", "flush": "ok", "after": "ok"}
        assert apply("yes") == {"conf": "ok", "flush": "ok", "after": "ok"}
    finally:
        host.exec("rm", "-f", "/tmp/sloth-flushed.conf")


LOST = """
local conf = task("conf"):command(function() return { changed = true } end):notify("restart"):build()
workflow.define("w"):tasks({ conf }):handlers({ handler("restart", function()
  exec.check("test -e /tmp/sloth-well || kill -9 $PPID", { changed_if = false })
end) })
"""


def test_a_host_that_is_lost_while_its_handlers_run_is_unreachable_and_resume_runs_them(
    lab_hosts, lab_inventory, tmp_path: Path
):
    host, site = lab_hosts[0], tmp_path / "site.sloth"
    site.write_text(LOST)
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site)
    assert run.end() == 3
    assert run.statuses == {(host.name, "conf"): "changed", (host.name, "restart"): "unreachable"}
    _, verb, *what = run.events[-1]["resume"].split()
    host.exec("touch", "/tmp/sloth-well")
    try:
        again = Run(tmp_path / "home", verb, *what)
        assert (again.end(), again.statuses) == (0, {(host.name, "restart"): "ok"})
    finally:
        host.exec("rm", "-f", "/tmp/sloth-well")
