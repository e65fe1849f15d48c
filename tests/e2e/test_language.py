"""The language as it is taught, through the command line on this machine: what each word of a workflow file does."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def task(name: str, body: str, methods: str = "") -> str:
    """A task whose command is a function of this, params, deps with this body."""
    return f'task("{name}"){methods}:command(function(this, params, deps) {body} end):build()\n'


# What a task returns


@pytest.mark.parametrize(
    ("body", "status", "message", "outputs"),
    [
        pytest.param("", "ok", "", {}, id="nothing"),
        pytest.param("return true", "ok", "", {}, id="true"),
        pytest.param('return true, "done", { port = 80 }', "ok", "done", {"port": 80}, id="three values"),
        pytest.param('return { message = "done", port = 80 }', "ok", "done", {"port": 80}, id="one table"),
        pytest.param('return { changed = true, message = "done" }', "changed", "done", {"changed": True}, id="changed"),
        pytest.param('exec.run("true")', "changed", "", {}, id="a command that ran"),
        pytest.param(
            'exec.run("true") return true, "", { changed = false }',
            "ok",
            "",
            {"changed": False},
            id="unchanged after all",
        ),
        pytest.param('exec.run("true", { changed_if = false })', "ok", "", {}, id="a command that only looks"),
        pytest.param('exec.run("exit 3")', "changed", "", {}, id="exec.run never raises"),
        pytest.param('return false, "why"', "failed", "why", {}, id="false"),
        pytest.param('return { failed = true, message = "why" }', "failed", "why", {}, id="failed"),
        pytest.param('error("why")', "failed", "why", {}, id="error"),
        pytest.param('assert(nil, "why")', "failed", "why", {}, id="assert"),
        pytest.param('exec.check("exit 3")', "failed", "exit 3: exit code 3", {}, id="a check"),
        pytest.param('pcall(exec.check, "exit 3")', "changed", "", {}, id="a check that is caught"),
        pytest.param('exec.check("exit 3", { ignore_errors = true })', "changed", "", {}, id="a check that may fail"),
    ],
)
def test_how_a_task_ends_is_what_its_function_returns(folder, body, status, message, outputs):
    ended = folder.run(task("t", body)).tasks["t"]
    assert (ended["status"], ended["message"], ended["outputs"]) == (status, message, outputs)


# What a task sees


def test_a_function_gets_what_its_parameter_names_ask_for(folder):
    ended = folder.run(
        'task("first"):params({ port = 80 }):command(function() return true, "", { n = 1 } end):build()\n'
        + task("this", "return true, this.name .. this.name() .. params.port .. deps.first.n",
               ':depends_on("first"):params({ port = 80 })')
        + """
        task("params"):depends_on("first"):params({ port = 80 }):command(function(p, d)
            return true, p.task_name .. p.port .. d.first.n .. tostring(p.dry_run)
        end):build()
        """
    )  # fmt: skip
    assert ended.tasks["this"]["message"] == "thisthis801"
    assert ended.tasks["params"]["message"] == "params801false"


def test_a_task_sees_the_host_and_its_variables(folder):
    folder.write(
        "hosts.yml",
        "all:\n  vars: { sloth_connection: local, size: 3 }\n  children:\n    web:\n      hosts:\n        a:\n",
    )
    folder.write("host_vars/a.toml", 'colour = "red"\n')
    folder.write("values.yml", "deep:\n  list: [one, two]\nsize: 4\n")
    folder.write("site.sloth", task("t", """
        return true, "", {
            host = inventory_hostname, groups = groups.web, colour = vars.colour, size = vars.size,
            second = values.get("deep.list.2"), same = require("values").deep.list[1] == values.deep.list[1],
            name = facts.hostname, family = facts.os.family, agent = this.agent,
        }
    """))  # fmt: skip
    ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "--values", "values.yml", "--format", "json")
    assert ended.tasks["t"]["outputs"] == {
        "host": "a", "groups": ["a"], "colour": "red", "size": 4, "second": "two", "same": True,
        "name": socket.gethostname(), "family": "debian", "agent": "a",
    }  # fmt: skip


VARIABLES = """
workflow.define("w"):variables({ v = "workflow" }):roles({ ROLE }):tasks({
    task("t"):command(function(this) return true, vars.v end)
})
"""


@pytest.mark.parametrize(
    ("words", "own", "of_role"),
    [
        pytest.param([], "workflow", "workflow", id="workflow over inventory over role defaults"),
        pytest.param(["--values", "one.yml"], "one", "one", id="values over workflow"),
        pytest.param(["--values", "one.yml", "--values", "two.toml"], "two", "two", id="the last values file"),
        pytest.param(["-e", "v=extra", "--values", "one.yml"], "extra", "extra", id="-e over all"),
        pytest.param(["-e", "@one.yml"], "one", "one", id="-e from a file"),
        pytest.param(["-e", '{"v": "json"}', "-e", "v=last"], "last", "last", id="the last -e"),
    ],
)
def test_which_variable_wins(folder, words, own, of_role):
    folder.write("one.yml", "v: one\n")
    folder.write("two.toml", 'v = "two"\n')
    folder.write("hosts.yml", "all:\n  vars: { v: inventory }\n  hosts:\n    a: { sloth_connection: local }\n")
    folder.write("roles/r/defaults/main.yml", "v: default\nw: default\n")
    folder.write("roles/r/tasks/main.sloth", task("t", 'return true, vars.v .. " " .. vars.w'))
    folder.write("site.sloth", VARIABLES.replace("ROLE", '"r"'))
    ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "--format", "json", *words)
    assert ended.tasks["t"]["message"] == own
    assert ended.tasks["r : t"]["message"] == f"{of_role} default"


def test_the_variables_of_a_role_belong_to_its_tasks_only_and_win_over_all_but_extra_variables(folder):
    folder.write("roles/r/tasks/main.sloth", task("t", "return true, vars.v"))
    text = VARIABLES.replace("ROLE", 'role("r", { v = "role" })')
    ended = folder.run(text)
    assert (ended.tasks["r : t"]["message"], ended.tasks["t"]["message"]) == ("role", "workflow")
    assert folder.run(text, "-e", "v=extra").tasks["r : t"]["message"] == "extra"


# How a task runs


def test_env_and_workdir_belong_to_one_task(folder):
    (folder.path / "work").mkdir()
    ended = folder.run(
        'task("a"):env({ COLOUR = "red", N = 1 }):workdir(vars.place):command("echo $COLOUR $N > made"):build()\n'
        + task("b", 'return true, exec.check("echo $COLOUR; pwd").stdout')
        + task("c", "this.workdir.ensure() return true, this.workdir.path", ":workdir(vars.place .. '/new')"),
        "-e", f"place={folder.path}/work",
    )  # fmt: skip
    assert set(ended.statuses.values()) == {"changed"}
    assert (folder.path / "work/made").read_text() == "red 1\n"
    assert str(folder.path / "work") not in ended.tasks["b"]["message"]
    assert (folder.path / "work/new").is_dir()


CONDITIONS = """
task("shell says no"):run_if("false"):command("true"):build()
task("function says no"):run_if(function(this, params) return params.go end):params({ go = false }):command("true"):build()
task("shell says yes"):run_if("test -d /"):command("true"):build()
task("function says yes"):run_if(function(params) return params.go end):params({ go = true }):command("true"):build()
task("behind one that was skipped"):depends_on("shell says no"):command("true"):build()
"""


def test_run_if_skips_and_what_depends_on_it_runs(folder):
    ended = folder.run(CONDITIONS)
    assert ended.code == 0
    assert ended.statuses == {
        "shell says no": "skipped", "function says no": "skipped", "shell says yes": "changed",
        "function says yes": "changed", "behind one that was skipped": "changed",
    }  # fmt: skip


@pytest.mark.parametrize("condition", ['"true"', "function(this) return true end"], ids=["shell", "function"])
def test_abort_if_stops_the_run(folder, condition):
    ended = folder.run(f"""
        local first, guard = task("first"):command("true"), task("guard"):abort_if({condition}):command("true")
        workflow.define("one"):tasks({{ first, guard, task("rest"):command("true") }})
        workflow.define("two"):tasks({{ task("later"):command("true") }})
    """)
    assert ended.code == 2
    assert ended.statuses == {"first": "changed", "guard": "failed", "rest": "skipped"}
    assert ended.tasks["rest"]["message"] == "abort_if of task guard holds, which stops the workflow"


def test_retries_are_extra_attempts(folder):
    count = 'local n = #exec.check("echo >> tries; cat tries").stdout\n'
    ended = folder.run(
        task("third time", count + "assert(n == 3)", ':workdir(vars.place):retries(2, "fixed"):retry_delay("10ms")')
        + task("never", 'error("no")', ':retries(1, "linear"):retry_delay(0.01):max_retry_delay("1s")'),
        "-e", f"place={folder.path}",
    )  # fmt: skip
    assert ended.statuses == {"third time": "changed", "never": "failed"}
    assert (ended.tasks["third time"]["attempts"], ended.tasks["never"]["attempts"]) == (3, 2)


def test_a_failed_task_blocks_only_its_descendants_and_ignored_errors_block_nobody(folder):
    ended = folder.run("""
        local bad = task("bad"):command("false"):build()
        task("child"):depends_on(bad):command("true"):build()
        task("grandchild"):depends_on({ "child" }):command("true"):build()
        task("ignored"):ignore_errors():shell("false"):build()
        task("behind it"):depends_on("ignored"):run("true"):build()
    """)
    assert ended.code == 2
    assert ended.statuses == {
        "bad": "failed", "child": "skipped", "grandchild": "skipped", "ignored": "failed", "behind it": "changed",
    }  # fmt: skip
    assert ended.tasks["ignored"]["ignored"]
    assert folder.run('task("a"):ignore_errors(true):command("false"):build()').code == 0


def test_tasks_run_in_file_order_as_soon_as_their_dependencies_let_them_or_side_by_side(folder):
    ended = folder.run("""
        local last, first = task("last"):depends_on("first"):command("true"), task("first"):command("true")
        workflow.define("w"):tasks({ last, task("other"):command("true"), first })
    """)
    assert list(ended.tasks) == ["other", "first", "last"]
    met = """
        local a = task("a"):timeout("5s"):workdir(vars.place):command("touch a; until test -e b; do sleep 0.05; done")
        local b = task("b"):timeout("5s"):workdir(vars.place):command("touch b; until test -e a; do sleep 0.05; done")
        workflow.define("w"):tasks({ a, b }):config({ max_parallel_tasks = 2 })
    """
    assert folder.run(met, "-e", f"place={folder.path}").statuses == {"a": "changed", "b": "changed"}


# Hooks and handlers


def test_the_hooks_of_a_task_get_its_outputs_or_its_error(folder):
    folder.write("site.sloth", """
        task("good"):command(function() return true, "", { port = 80 } end)
            :on_success(function(this, params, output) log.info("good: " .. this.name .. output.port) end)
            :on_failure(function() log.info("never") end):build()
        task("bad"):retries(1, "fixed"):retry_delay("10ms"):command(function() error("why") end)
            :on_success(function() log.info("never") end)
            :on_failure(function(params, err) log.info("bad: " .. err.error) end):build()
        task("hook fails"):command("true"):on_success(function() error("hook") end):build()
    """)  # fmt: skip
    ended = folder.sloth("run", "site.sloth")
    assert [line.partition("| ")[2] for line in ended.stdout.splitlines() if ": good" in line or "bad:" in line] == [
        "good: good80", "bad: why",
    ]  # fmt: skip
    assert "never" not in ended.stdout
    assert "hook fails  changed" in ended.stdout


def test_handlers_run_once_at_the_end_in_their_order_when_somebody_notified_them(folder):
    ended = folder.run("""
        local a = task("a"):command(function() notify("reload", "tell") notify("reload") end)
        local b = task("b"):notify("reload"):command("true")
        local c = task("c"):notify("never"):command(function() return true end)
        workflow.define("w"):tasks({ a, b, c }):handlers({
            handler("never", function() end),
            handler("tell", function() return true, "told" end),
            handler("reload", function() exec.check("true") end),
        })
    """)
    assert list(ended.statuses.items()) == [
        ("a", "ok"), ("b", "changed"), ("c", "ok"), ("tell", "ok"), ("reload", "changed"),
    ]  # fmt: skip
    assert [event["task"] for event in ended.events if event.get("handler")] == ["tell", "reload"]


def test_the_hooks_of_a_workflow_run_once_on_the_controller(folder):
    folder.write("site.sloth", """
        local function say(...) fs.append(vars.file, table.concat({ ... }, " ") .. "\\n") end
        workflow.define("w")
            :tasks({ task("good"):command("true"), task("bad"):command("false") })
            :on_start(function() say("start") return true end)
            :on_task_start(function(name) say("begin", name) end)
            :on_task_complete(function(name, success) say("end", name, tostring(success)) end)
            :on_complete(function(success, results) say(tostring(success), results.a.good, results.b.bad) end)
    """)  # fmt: skip
    told = folder.path / "told"
    ended = folder.sloth("apply", "-i", "a,b,", "-c", "local", "-f", "1", "site.sloth", "-e", f"file={told}")
    assert ended.code == 2
    lines = told.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("start", "false changed failed")
    assert sorted(lines[1:-1]) == ["begin bad", "begin good", "end bad false", "end good true"]


def test_on_start_can_call_the_run_off(folder):
    ended = folder.run("""
        workflow.define("w"):tasks({ task("a"):command("touch made"):workdir(vars.place) })
            :on_start(function() return false end)
    """, "-e", f"place={folder.path}")  # fmt: skip
    assert ended.code != 0
    assert ended.tasks["a"]["message"] == "on_start of the workflow returned false"
    assert not (folder.path / "made").exists()


# Files


def test_import_gives_a_files_value_and_require_a_module_or_a_sibling(folder):
    folder.write("lib/ports.lua", "local base = import('base.lua')\nreturn { http = base + 80 }")
    folder.write("lib/base.lua", "return 8000")
    folder.write("names.lua", 'return { site = "slow" }')
    ended = folder.run(
        'local ports, names = import("lib/ports.lua"), require("names")\n'
        + task("t", 'return true, names.site .. ports.http .. type(require("fs").read)')
    )
    assert ended.tasks["t"]["message"] == "slow8080function"


def test_a_role_brings_tasks_handlers_templates_files_and_defaults(folder):
    folder.write("roles/web/defaults/main.toml", 'colour = "red"\nplace = "nowhere"\n')
    folder.write("roles/web/templates/page.j2", "{{ colour }} {{ facts.hostname }} {{ inventory_hostname }}\n")
    folder.write("roles/web/files/note", "a note\n")
    folder.write("roles/web/tasks/main.sloth", """
        task("page"):command(function()
            local page = file_ops.template { src = "page.j2", dest = vars.place .. "/page" }
            file_ops.copy { src = "note", dest = vars.place .. "/note" }
            if page.changed then notify("reload") end
        end):build()
        task("after"):depends_on("page"):command("true"):build()
    """)  # fmt: skip
    folder.write("roles/web/handlers/main.sloth", """
        handler("reload", function()
            file_ops.template { src = "page.j2", dest = vars.place .. "/reloaded" }
            return true, vars.colour
        end)
    """)
    text = """
        local own = task("own"):depends_on("web : after"):command("true")
        workflow.define("w"):tasks({ own }):roles({ { role = "web", vars = { place = vars.place } } })
    """
    ended = folder.run(text, "-e", f"place={folder.path}")
    assert list(ended.statuses.items()) == [
        ("web : page", "changed"), ("web : after", "changed"), ("own", "changed"), ("reload", "changed"),
    ]  # fmt: skip
    assert ended.tasks["reload"]["message"] == "red"
    assert (folder.path / "page").read_text() == f"red {socket.gethostname()} localhost\n"
    assert (folder.path / "note").read_text() == "a note\n"


TWO = """
workflow.define("one"):tasks({ task("a"):tags({ "web" }):command("true"), task("b"):tags("db", "slow"):command("true") })
workflow.define("two"):tasks({ task("a"):tags({ "web", "slow" }):command("true"), task("c"):command("true") })
"""


@pytest.mark.parametrize(
    ("words", "ran"),
    [
        pytest.param([], ["one a", "one b", "two a", "two c"], id="all"),
        pytest.param(["--workflow", "two"], ["two a", "two c"], id="one workflow"),
        pytest.param(["-t", "web"], ["one a", "two a"], id="tag"),
        pytest.param(["-t", "db"], ["one b"], id="tag of one workflow"),
        pytest.param(["-t", "web,db", "--skip-tags", "slow"], ["one a"], id="tags but not those"),
        pytest.param(["--skip-tags", "web"], ["one b", "two c"], id="all but those"),
    ],
)
def test_which_workflows_and_tasks_of_a_file_run(folder, words, ran):
    events = folder.run(TWO, *words).events
    workflow, seen = "", []
    for event in events:
        workflow = event.get("workflow", workflow)
        seen += [f"{workflow} {event['task']}"] if event["type"] == "task_finished" else []
    assert seen == ran


def test_a_workflow_as_one_table_is_the_same_as_a_chain(folder):
    ended = folder.run("""
        workflow.define("w", {
            description = "all in one", version = "1.0.0",
            tasks = { task("a"):notify("h"):command("true") }, handlers = { handler("h", function() end) },
            config = { max_parallel_tasks = 2 }, on_complete = function() end,
        })
    """)
    assert (ended.code, ended.statuses) == (0, {"a": "changed", "h": "ok"})


def test_tasks_and_workflows_narrow_the_hosts(folder):
    folder.write("site.sloth", """
        local all, one = task("all"):command("true"), task("one"):hosts("b*", "c"):command("true")
        workflow.define("w"):hosts("all:!d"):tasks({ all, one })
    """)  # fmt: skip
    ended = folder.sloth("apply", "-i", "a,b,c,d,", "-c", "local", "-f", "1", "site.sloth", "--format", "json")
    finished = [(event["host"], event["task"]) for event in ended.events if event["type"] == "task_finished"]
    assert sorted(finished) == [("a", "all"), ("b", "all"), ("b", "one"), ("c", "all"), ("c", "one")]
