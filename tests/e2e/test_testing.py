"""`sloth test`: tasks are played with mocks, and each test is reported with the line of what failed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.sloth import Folder

SITE = """
local base = task("base"):command("true"):build()
local web = task("web"):depends_on("base"):command(function(this, params, deps)
  pkg.install { packages = { "nginx" } }
  local r = exec.run("nginx -t")
  if not r.success then return false, "bad: " .. r.stderr end
  if file_ops.template({ src = "a.j2", dest = "/etc/a" }).changed then notify("restart") end
  return true, "fine", { port = vars.port, base = deps.base.x, os = facts.os, say = params.say }
end):build()
workflow.define("site"):tasks({ base, web }):handlers({ handler("restart", function() systemd.restart("nginx") end) })
"""
MOCKS = """
test.mock("pkg.install", { changed = true })
test.mock("file_ops.template", { changed = true })
test.mock("systemd.*", {})
"""
GIVEN = '{ vars = { port = 80 }, deps = { base = { x = 1 } }, facts = { os = "debian" }, params = { say = "hi" } }'


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.write("site.sloth", SITE)
    return folder


def outcomes(folder: Folder, text: str, *words: str) -> dict[str, tuple[str, str, str]]:
    """Test → status, message, place."""
    folder.write("site_test.sloth", MOCKS + text)
    ended = folder.sloth("test", "site_test.sloth", "--format", "json", *words)
    assert ended.stdout, ended.stderr
    (summary,) = ended.events
    assert ended.code == (2 if summary["failed"] else 0)
    return {one["name"]: (one["status"], one["message"], one["where"]) for one in summary["tests"]}


def status(folder: Folder, body: str) -> tuple[str, str]:
    """Of one test with that body: status and message."""
    found, message, _ = outcomes(folder, f'test.it("it", function()\n{body}\nend)')["it"]
    return found, message


def test_a_task_gets_what_the_test_says_and_its_calls_are_answered_by_mocks(folder):
    assert status(
        folder,
        f"""
        test.mock("exec.run", {{ stdout = "ok" }})
        local result = test.run_task("web", {GIVEN})
        assert.is_true(result.success, result.message)
        assert.equals(result.outputs, {{ port = 80, base = 1, os = "debian", say = "hi" }})
        assert.equals(result.status, "changed")
        assert.called("pkg.install", {{ packages = {{ "nginx" }} }})
        assert.equals(result.notified, {{ "restart" }})
        assert.equals(result.handlers, {{ restart = "ok" }})
        assert.equals(#test.calls("systemd.restart"), 1)
    """,
    ) == ("passed", "")


def test_a_function_answers_a_call_by_its_arguments(folder):
    assert status(
        folder,
        f"""
        test.mock("exec.run", function(args)
          assert.equals(args.command, "nginx -t")
          return {{ exit_code = 1, stderr = "unknown directive" }}
        end)
        local result = test.run_task("web", {GIVEN})
        assert.equals(result.error, "bad: unknown directive")
        assert.not_called("file_ops.template")
    """,
    ) == ("passed", "")


def test_an_action_that_fails_fails_the_task(folder):
    assert status(
        folder,
        """
        test.mock("pkg.install", { fails = "no such package" })
        assert.contains(test.run_task("web").message, "no such package")
    """,
    ) == ("passed", "")


def test_a_whole_workflow_is_played_in_its_order(folder):
    assert status(
        folder,
        """
        test.mock("exec.*", {})
        local result = test.run_workflow("site", { facts = { os = "x" } })
        assert.is_true(result.success, result.message)
        assert.equals(result.tasks.web.status, "changed")
    """,
    ) == ("passed", "")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("assert.equals({ a = { 1, 2 } }, { a = { 1, 3 } })", "2 is not 3 at .a.2", id="where tables differ"),
        pytest.param("assert.is_true(1, 'why')", "why: 1 is not true", id="the message comes first"),
        pytest.param("assert(1 == 2, 'plain')", "plain", id="as in Lua"),
        pytest.param("assert.equls(1, 1)", "no assert.equls: did you mean 'equals'?", id="no such assertion"),
        pytest.param("test.run_tsk('web')", "no test.run_tsk: did you mean 'run_task'?", id="no such word"),
        pytest.param("test.run_task('wep')", "no task 'wep': did you mean 'web'?", id="no such task"),
        pytest.param("test.run_task('web', { var = {} })", "unknown option var: did you mean 'vars'?", id="no such option"),
        pytest.param("test.mock('pkg.instal', {})", "no action pkg.instal", id="no such action"),
        pytest.param("test.run_task('web')", "exec.run was called, and is not mocked", id="not mocked"),
        pytest.param("pcall(test.run_task, 'web')", "exec.run was called, and is not mocked", id="nor where pcall hides it"),
        pytest.param("test.it('inner', function() end)", "does not belong inside of a test", id="a test in a test"),
        pytest.param("assert.has_error(function() end)", "the function did not fail", id="no error"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(folder, body, message):
    found, said = status(folder, body)
    assert found == "failed" and message in said


def test_a_mocked_call_has_to_fit_the_real_action(folder):
    folder.write("site.sloth", 'task("t"):command(function() pkg.install { package = "x", stat = "y" } end):build()')
    assert status(folder, 'assert.contains(test.run_task("t").message, "unknown argument stat")') == ("passed", "")


def test_a_failure_is_told_with_its_own_line(folder):
    found = outcomes(folder, 'test.it("a", function()\n  assert.is_true(false)\nend)\ntest.it("b", function() end)\n')
    assert found == {
        "a": ("failed", "false is not true", "site_test.sloth:6"), "b": ("passed", "", "site_test.sloth:8"),
    }  # fmt: skip


def test_functions_around_tests_run_in_their_order(folder):
    text = """
      local seen = {}
      local function note(what) return function() seen[#seen + 1] = what end end
      test.describe("outer", function()
        test.before_all(note("all")) test.before_each(note("each")) test.after_each(note("end"))
        test.describe("inner", function()
          test.before_each(note("inner"))
          test.it("one", note("one"))
        end)
        test.it("two", note("two"))
        test.after_all(note("over"))
      end)
      test.it("order", function()
        assert.equals(table.concat(seen, " "), "all each inner one end each two end over")
      end)
      test.it("left out", function() test.skip("no reason") end)
    """
    found = {name: one[:2] for name, one in outcomes(folder, text).items()}
    assert found["order"] == ("passed", "") and found["left out"] == ("skipped", "no reason")
    assert list(found) == ["outer > inner > one", "outer > two", "order", "left out"]


def test_only_what_is_asked_for_acts_on_this_machine(folder):
    folder.write("site.sloth", f'task("t"):command(function() fs.write("{folder.path}/made", "x") end):build()')
    assert status(folder, 'pcall(test.run_task, "t", { check = true, real = true })')[0] == "passed"
    assert not (folder.path / "made").exists()
    assert status(folder, 'assert.is_true(test.run_task("t", { real = true }).changed)') == ("passed", "")
    assert (folder.path / "made").read_text() == "x"


def test_the_names_select_and_the_forms_agree(folder):
    folder.write(
        "tests/site_test.sloth", 'test.it("good", function() end) test.it("bad <&>", function() assert(false) end)'
    )
    good = folder.sloth("test", "tests", "-k", "GOOD")
    assert good.code == 0 and "1 passed" in good.stdout
    both = folder.sloth("test", "tests", "--format", "junit")
    (suite,) = ET.fromstring(both.stdout)
    assert both.code == 2 and suite.attrib["failures"] == "1"
    assert [case.attrib["name"] for case in suite] == ["good", "bad <&>"]
    none = folder.sloth("test", "tests", "-k", "nothing")
    assert none.code == 1 and "no test has 'nothing' in its name" in none.stderr


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        pytest.param("gone_test.sloth", None, "there is no file", id="no file"),
        pytest.param("x_test.sloth", "test.it(", "syntax error", id="no Lua"),
        pytest.param("x_test.sloth", 'task("t"):command("true"):build()', "has no test", id="no test"),
        pytest.param(
            "x_test.sloth", 'test.run_task("t")', "test.run_task belongs into test.it", id="outside of a test"
        ),
    ],
)
def test_files_that_are_no_tests_end_with_1(folder, name, text, says):
    if text is not None:
        folder.write(name, text)
    ended = folder.sloth("test", name)
    assert ended.code == 1 and says in ended.stderr
