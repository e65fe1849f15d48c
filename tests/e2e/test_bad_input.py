"""Everything that people get wrong: one clear message, where it is and what to do, and nothing half-done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once

GOOD = 'task("a"):tags({ "web" }):command("touch made"):build()\n'
HOSTS = "all:\n  vars: { sloth_connection: local }\n  hosts:\n    web1:\n    web2:\n  children:\n    db:\n"
APPLY = ("apply", "-i", "hosts.yml", "site.sloth")


@dataclass(frozen=True)
class Mistake:
    """A command line over some files, and all of what is said about it.

    files: beside a good workflow and a good inventory, or in place of them
    """

    said: str
    where: str = ""
    hint: str = ""
    words: tuple[str, ...] = APPLY
    files: dict[str, str | bytes] = field(default_factory=dict)


def workflow(text: str, said: str, where: str = "", hint: str = "") -> Mistake:
    return Mistake(said, where, hint, files={"site.sloth": text})


def inventory(text: str, said: str, where: str = "", hint: str = "", name: str = "hosts.yml") -> Mistake:
    return Mistake(said, where, hint, ("apply", "-i", name, "site.sloth"), {name: text})


def option(*words: str, said: str, where: str = "", hint: str = "", **files: str) -> Mistake:
    return Mistake(said, where, hint, (*APPLY, *words), {name.replace("_", "."): text for name, text in files.items()})


CYCLE = """
task("a"):depends_on("c"):command("touch made"):build()
task("b"):depends_on("a"):command("true"):build()
task("c"):depends_on("b"):command("true"):build()
"""
IN_FILES = {
    "Lua does not parse": workflow(
        'local a = task("a"\nworkflow.define(',
        "syntax error: ')' expected (to close '(' at line 1) near 'workflow'",
        "site.sloth:2:1",
    ),
    "builder method": workflow(
        '\ntask("a"):comand("true")', "task 'a': unknown method comand: did you mean 'command'?", "site.sloth:2"
    ),
    "workflow method": workflow(
        'workflow.define("w")\n  :task({})', "workflow 'w': unknown method task: did you mean 'tasks'?", "site.sloth:2"
    ),
    "type of a setting": workflow(
        'task("a")\n  :retries("three")', "retries wants a whole number from 0, got a string", "site.sloth:2"
    ),
    "cycle": workflow(
        CYCLE,
        "tasks depend on each other in a circle: a → c → b → a",
        "site.sloth:2",
        "each task waits for the one behind its arrow; take one of these dependencies out",
    ),
    "dependency": workflow(
        GOOD + 'task("b"):depends_on("zzz"):command("true"):build()',
        "task 'b' depends on 'zzz', which is not in the workflow",
        "site.sloth:2",
        "its tasks: a, b",
    ),
    "dependency, nearly": workflow(
        'task("packages"):command("true"):build()\ntask("b"):depends_on("package"):command("true"):build()',
        "task 'b' depends on 'package', which is not in the workflow",
        "site.sloth:2",
        "did you mean 'packages'?",
    ),
    "handler": workflow(
        'task("a"):notify("reload"):command("true"):build()',
        "task 'a' notifies 'reload', which is no handler of the workflow",
        "site.sloth:1",
        "its handlers: (none)",
    ),
    "role": Mistake(
        "there is no role 'wbe' in roles or ../roles",
        "site.sloth:1",
        "did you mean 'web'?",
        files={"site.sloth": 'workflow.define("w"):roles({ "wbe" })', "roles/web/tasks/main.sloth": GOOD},
    ),
    "hosts of a workflow": workflow(
        'workflow.define("w"):hosts("wbe1"):tasks({ task("a"):command("touch made") })',
        "no host or group is called 'wbe1'",
        "site.sloth:1",
        "did you mean 'web1'? `sloth inventory list` shows all hosts",
    ),
    "hosts of a task": workflow(
        GOOD + 'task("b"):hosts("wbe1"):command("true"):build()',
        "no host or group is called 'wbe1'",
        "site.sloth:2",
        "did you mean 'web1'? `sloth inventory list` shows all hosts",
    ),
    "module": workflow(
        "pgk.install('vim')", "attempt to index a nil value (global 'pgk'): did you mean 'pkg'?", "site.sloth:1"
    ),
    "fact outside of a task": workflow(
        'local name = facts.hostname\ntask("a"):command("true"):build()',
        "facts.hostname belongs to a host, and the top level of a file is the same for all hosts: "
        "move this line into the task",
        "site.sloth:1",
    ),
    "import": workflow('import("more.lua")', "import: there is no file more.lua", "site.sloth:1"),
    "import from outside": workflow(
        'import("../../etc/passwd")', "import: there is no file ../../etc/passwd", "site.sloth:1"
    ),
    "no task": workflow(
        "-- nothing", "site.sloth defines no task", "site.sloth", 'begin with task("name"):command(…):build()'
    ),
    "no text": Mistake("site.sloth is not UTF-8 text", "site.sloth", files={"site.sloth": b"\x7fELF\xff\x00"}),
    "compiled Lua": workflow(
        "\x1bLua54", "syntax error: attempt to load a binary chunk (mode is 't')", "site.sloth:1:1"
    ),
    "memory bomb": workflow(
        'local t = {}\nwhile true do t[#t + 1] = ("x"):rep(1000) .. #t end',
        "the script needs more than its 50 MiB of memory",
        "site.sloth:2",
    ),
    "hook that fails": workflow(
        'workflow.define("w"):tasks({ task("a"):command("touch made") })\n  :on_start(function() error("not now") end)',
        "on_start of workflow 'w': not now",
        "site.sloth:2",
    ),
}
IN_INVENTORIES = {
    "duplicate key": inventory(
        "all:\n  hosts:\n    web1:\n  hosts:\n    web2:\n", "duplicate key 'hosts', first on line 2", "hosts.yml:4:3"
    ),
    "no YAML": inventory(
        "all:\n  hosts: [a\n  vars: {",
        "this is no YAML: while parsing a flow sequence, did not find expected ',' or ']'",
        "hosts.yml:3:7",
    ),
    "no TOML": inventory(
        "[all", "this is no TOML: expected ']' at the end of a table declaration", "hosts.toml:1:5", name="hosts.toml"
    ),
    "duplicate key in TOML": inventory(
        "[all.vars]\nx = 1\nx = 2\n", "this is no TOML: cannot overwrite a value", "hosts.toml:3:6", name="hosts.toml"
    ),
    "way to a host": inventory(
        "all:\n  hosts:\n    web1: { sloth_port: abc }\n",
        "sloth_port of web1: 'abc' is wrong, it wants a port from 1 to 65535",
        "hosts.yml:3",
    ),
    "no hosts": inventory("", "the pattern 'all' matches no host", hint="the inventory has no hosts"),
    "no file": Mistake(
        "there is no inventory host.yml",
        hint="did you mean 'hosts.yml'?",
        words=("apply", "-i", "host.yml", "site.sloth"),
    ),
    "no inventory": Mistake(
        "which hosts? There is no inventory",
        words=("exec", "all", "--", "true"),
        hint="`-i inventory.yml` or `-i host1,host2,` names them; `-c local` is this machine",
    ),
    "empty name": Mistake(
        "-i wants a file, a directory or a list of hosts, and is empty", words=("apply", "-i", "", "site.sloth")
    ),
}
IN_WORDS = {
    "host of -l": option(
        "-l", "web9", said="no host or group is called 'web9'",
        hint="did you mean 'web2'? `sloth inventory list` shows all hosts",
    ),
    "-l that matches none": option(
        "-l", "web1:!web1", said="the pattern 'web1:!web1' matches no host", hint="`sloth inventory list` shows all hosts"
    ),
    "-l of an empty group": option(
        "-l", "db", said="the pattern 'db' matches no host", hint="`sloth inventory list` shows all hosts"
    ),
    "tag": option("-t", "wbe", said="no task has the tag 'wbe'", hint="did you mean 'web'?"),
    "tag to skip": option("--skip-tags", "db", said="no task has the tag 'db'", hint="there are the tags web"),
    "workflow": option("--workflow", "sit", said="site.sloth defines no workflow 'sit'", hint="did you mean 'site'?"),
    "file": Mistake(
        "there is no workflow file sit.sloth", hint="did you mean 'site.sloth'?", words=("run", "sit.sloth")
    ),
    "folder of the file": Mistake(
        "there is no workflow file plays/site.sloth", hint="there is no folder plays", words=("run", "plays/site.sloth")
    ),
    "folder for a file": Mistake(
        "plays is a folder, not a workflow file", words=("run", "plays"), files={"plays/.keep": ""}
    ),
    "variable": option(
        "-e", "name", said="-e name: 'name' is no name=value",
        hint="-e takes name=value, a JSON object, or @file; quote a value with spaces: -e \"name='a b'\"",
    ),
    "variables that are no JSON": option("-e", '{"a":', said="this is no JSON: expecting value", where="-e:1:6"),
    "file of variables": option("-e", "@vars.yml", said="there is no file vars.yml"),
    "values twice": option(
        "--values", "values.yml", said="duplicate key 'a', first on line 1", where="values.yml:2:1", values_yml="a: 1\na: 2"
    ),
    "values that are a list": option(
        "--values", "values.yml", said="a mapping of names to values is expected, not a list", where="values.yml",
        values_yml="- a\n",
    ),
    "number": option(
        "-f", "0", said="invalid value for '--forks' / '-f': 0 is not in the range x>=1",
        hint="`sloth apply --help` shows how it is used",
    ),
    "password": option("--password-file", "none", said="cannot read the password: no such file or directory", where="none"),
    "format": option(
        "--format", "yaml", said="invalid value for '--format': 'yaml' is not one of 'text', 'json', 'junit'",
        hint="`sloth apply --help` shows how it is used",
    ),
    "command": Mistake("sloth has no command 'aply'", hint="did you mean 'apply'?", words=("aply",)),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", GOOD)
    made.write("hosts.yml", HOSTS)
    return made


@pytest.mark.parametrize(
    "mistake",
    [pytest.param(one, id=name) for table in (IN_FILES, IN_INVENTORIES, IN_WORDS) for name, one in table.items()],
)
def test_a_mistake_is_said_once_with_its_place_and_a_way_out(folder, mistake):
    for name, content in mistake.files.items():
        folder.write(name, content)
    ended = folder.sloth(*mistake.words, *(["--format", "json"] if "--format" not in mistake.words else []))
    told = [f"error: {mistake.said}"]
    told += [f"  at {mistake.where}"] if mistake.where else []
    told += [f"  hint: {mistake.hint}"] if mistake.hint else []
    assert ended.stderr.splitlines() == told
    assert (ended.code, ended.stdout) == (1, "")
    assert not (folder.path / "made").exists()


def call(body: str, said: str) -> tuple[str, str]:
    return f"function()\n  {body}\nend", said


IN_TASKS = {
    "argument": call(
        'user.create { name = "ada", shel = "/bin/sh" }', "user.create: unknown argument shel (did you mean shell?); it takes "
    ),
    "argument that is missing": call('file_ops.copy { content = "x" }', "file_ops.copy: missing argument dest; it takes "),
    "type": call(
        'file_ops.copy { content = "x", dest = {} }', "file_ops.copy: dest wants a string, got the table {}"
    ),
    "action": call('file_ops.cop("x")', "there is no action file_ops.cop (did you mean copy?); file_ops has "),
    "module": call('flie_ops.copy("x")', "attempt to index a nil value (global 'flie_ops'): did you mean 'file_ops'?"),
    "handler": call('notify("relod")', "there is no handler 'relod'; there are: reload"),
    "file": call(
        'file_ops.copy { src = "mtod", dest = "made" }', "there is no file 'mtod' in files or . (did you mean 'motd'?)"
    ),
    "file from outside": call(
        'file_ops.copy { src = "../../etc/passwd", dest = "made" }',
        "../../etc/passwd: only paths below the workflow's folder can be copied (put it under files/ or templates/)",
    ),
    "template": call(
        'file_ops.template { src = "motd.j2", dest = "made" }', "there is no file 'motd.j2' in templates or ."
    ),
    "template variable": call(
        'file_ops.template { src = "page.j2", dest = "made" }',
        "templates/page.j2:2: 'titel' is undefined (define it in the inventory, the workflow's variables or the call's "
        "vars, or give it a default)",
    ),
    "template that does not parse": call(
        'file_ops.template { src = "broken.j2", dest = "made" }',
        "templates/broken.j2:3: Encountered unknown tag 'endfor'. Jinja was looking for the following tags: ",
    ),
    "nil": call("return vars.site.name", "attempt to index a nil value (field 'site')"),
    "memory bomb": call(
        'local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end', "the script needs more than its 50 MiB of memory"
    ),
}  # fmt: skip


def test_a_mistake_in_a_task_fails_that_task_alone_with_its_line(folder):
    folder.write("files/motd", "hello")
    folder.write("templates/page.j2", "<h1>\n{{ titel }}\n")
    folder.write("templates/broken.j2", "{% if a %}\n\n{% endfor %}\n")
    tasks = [f'task("{name}"):workdir("{folder.path}"):command({body}):build()' for name, (body, _) in IN_TASKS.items()]
    tasks += ['task("good"):command("true"):build()', 'handler("reload", function() end)']
    ended = folder.run("\n".join(tasks))
    assert (ended.code, ended.stderr) == (2, "")
    assert ended.statuses == {**dict.fromkeys(IN_TASKS, "failed"), "good": "changed"}
    for number, (name, (_, said)) in enumerate(IN_TASKS.items()):
        failed = ended.tasks[name]
        assert failed["message"].startswith(said), name
        assert failed["failure"]["where"] == f"site.sloth:{3 * number + 2}"
    assert not (folder.path / "made").exists()
    assert not (Path("/made")).exists()


def test_a_loop_that_no_pcall_ends_is_ended_by_the_time_limit(folder):
    ended = folder.run("""
        task("loop"):timeout("500ms"):command(function()
            while true do pcall(function() while true do end end) end
        end):build()
        task("after"):depends_on("loop"):command("true"):build()
        task("other"):command("true"):build()
    """)
    assert ended.code == 2
    assert ended.statuses == {"loop": "timed_out", "after": "skipped", "other": "changed"}
    assert 0.5 <= ended.tasks["loop"]["duration"] < 1.5


@pytest.mark.parametrize(
    ("settings", "said", "where", "hint"),
    [
        pytest.param("forks = 3\nfrks = 1\n", "unknown key 'frks'", "2", "did you mean 'forks'?", id="key"),
        pytest.param('forks = "many"\n', "forks wants a whole number from 1, got 'many'", "1", "", id="value"),
        pytest.param("forks = \n", "this is no TOML: invalid value", "1:9", "", id="syntax"),
    ],
)
def test_a_mistake_in_the_settings_has_its_line(folder, settings, said, where, hint):
    path = folder.write("sloth.toml", settings)
    folder.environ["SLOTH_CONFIG"] = str(path)
    ended = folder.sloth(*APPLY)
    told = [f"error: {said}", f"  at {path}:{where}"] + ([f"  hint: {hint}"] if hint else [])
    assert (ended.code, ended.stdout, ended.stderr.splitlines()) == (1, "", told)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param(
            "site.sloth", ["error: cannot read site.sloth: input/output error", "  at site.sloth"], id="workflow"
        ),
        pytest.param("hosts.yml", ["error: cannot read hosts.yml: input/output error"], id="inventory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder, name, told):
    (folder.path / name).unlink()
    (folder.path / name).symlink_to("/proc/self/mem")  # also root cannot read it
    ended = folder.sloth(*APPLY)
    assert (ended.code, ended.stdout, ended.stderr.splitlines()) == (1, "", told)
