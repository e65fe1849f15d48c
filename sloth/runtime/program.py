"""A loaded workflow file as plain data, and the closures behind it.

    {"workflows": [{"name", "description", "version", "hosts", "workdir", "create_workdir", "clean_workdir", "tasks",
                    "handlers", "roles", "config", "variables", "metadata", "hooks", "delegate_to", "file", "line"}],
     "environ": [names asked for], "sources": [paths read], "warnings": [texts], "tests": [tests], "suites": [suites],
     "values": the file's defaults, "stack": its stack}

    task     {"name", "description", "command", "hosts", "tags", "category", "depends_on", "next_if_fail", "timeout",
              "retries": {"count", "strategy", "delay", "max_delay"}, "become", "workdir", "env", "params", "run_if",
              "abort_if", "changed_if", "failed_if", "pre_hook", "post_hook", "on_success", "on_failure", "on_retry",
              "on_timeout", "on_skip", "on_complete", "ignore_errors", "stream", "async", "notify", "register",
              "outputs", "artifacts", "consumes", "secrets", "delegate_to", "run_once", "serial", "metadata", "role",
              "file", "line"}
    test     {"name", "command", "suite": its number, "file", "line"}
    suite    {"name", "around": number of the one around it, "workflow",
              "mocks": [{"action", "value" or "fn", "where"}],
              "before_all", "before_each", "after_each", "after_all": [closures]}
    handler  {"name", "command", "listen", "file", "line"}
    role     {"role", "vars"}
    hooks    {"on_start", "on_task_start", "on_task_complete", "on_complete"}: those that are declared

What was not declared is absent. A closure stands as {"function": its number in the VM, "file", "line",
"last": its last line}. The same
sources give the same program everywhere, so controller and host find each other's closures by name.
"""

from sloth.runtime import pure
from sloth.runtime.lua.vm import LuaError

MYPY = False
if MYPY:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sloth.runtime.acting import Act
    from sloth.runtime.lua.vm import VM, Perform, Plain, Read

    Program = dict[str, Any]

TOP_LEVEL = "top level"  # the task that makes the module calls of a file's top level
LOAD_LIMIT = 10.0  # seconds for the top level of a file and all that it imports


class TopLevel:
    """What the top level of a file sees.

    variables: `vars`. values: of the values files. environ: the environment that it may ask for
    lua_modules: names of modules written in Lua, whose files are asked for as `module:NAME/NAME.lua`
    """

    def __init__(
        self,
        variables: "Plain | None" = None,
        values: "Plain | None" = None,
        environ: "dict[str, str] | None" = None,
        lua_modules: "Sequence[str]" = (),
    ) -> None:
        self.variables = variables or {}
        self.values = values or {}
        self.environ = environ or {}
        self.lua_modules = lua_modules

    def plain(self) -> "Plain":
        """For the Lua machine."""
        names = dict.fromkeys(self.lua_modules, True)
        return {"vars": self.variables, "values": self.values, "environ": self.environ, "lua_modules": names}


def load_program(
    vm: "VM",
    entry: str,
    read: "Read",
    sees: "TopLevel | None" = None,
    *,
    side: str,
    say: "Callable[[str, str], None] | None" = None,
    act: "Act | None" = None,
    deadline: "float | None" = None
) -> "Program":
    """Evaluate a workflow file, what it imports and its roles. Raises LuaError with file and line.

    read(path): the text of a file, or None; a role's files are asked for as `role:NAME/tasks/main.sloth`
    side: "controller" or "host"
    say(level, text): what the file logs while it is loaded (never on a host)
    act: makes the calls of the top level that need no host
    """
    sources = []  # type: list[str]

    def note(path: str) -> "str | None":
        text = read(path)
        if text is not None:
            sources.append(path)
        return text

    until = vm.clock() + LOAD_LIMIT if deadline is None else deadline
    raw = vm.load(entry, note, _performer(say, act), (sees or TopLevel()).plain(), side=side, deadline=until)
    _complete(raw)
    raw["sources"] = sources
    return raw


def _performer(say: "Callable[[str, str], None] | None", act: "Act | None") -> "Perform":
    """What answers the module calls of a file's top level."""

    def perform(request: "Plain") -> "list[object]":
        if request["module"] != "log":
            return pure.answer(act, request) if act is not None else []
        args = request["args"]
        assert isinstance(args, list)  # the prelude writes nothing else
        if say is not None:
            say(str(request["action"]), str(args[0]))
        return []

    return perform


def _complete(raw: "Program") -> None:
    """Give each workflow the tasks of its roles, and the one that evaluates the top level if hosts need that."""
    roles, top_level = raw.pop("roles"), raw.pop("top", None)
    for workflow in raw["workflows"]:
        _take_roles_in(workflow, roles)
        if top_level is not None:
            _put_first(workflow["tasks"], top_level)
        _check_names("task", workflow["tasks"])
        _check_names("handler", workflow["handlers"])
    _check_names("workflow", raw["workflows"])


class Declared:
    """What a play needs of its workflow: tasks by name, handlers in the order of their definition, clean_workdir."""

    def __init__(self, workflow: "dict[str, Any]") -> None:
        self.tasks = {task["name"]: task for task in workflow["tasks"]}  # type: dict[str, Plain]
        self.handlers = workflow["handlers"]  # type: list[Plain]
        self.clean_workdir = workflow.get("clean_workdir")  # type: object


def closures(program: "Program", workflow: str) -> Declared:
    """One workflow with the closures of this machine."""
    for declared in program["workflows"]:
        if declared["name"] == workflow:
            return Declared(declared)
    names = ", ".join(one["name"] for one in program["workflows"])
    raise LuaError(f"there is no workflow {workflow!r}; there are: {names or 'none'}")


def _take_roles_in(workflow: "dict[str, Any]", roles: "dict[str, Any]") -> None:
    """Put the tasks and handlers of a workflow's roles before its own."""
    tasks, handlers = [], []
    _hand_tags_down(workflow["roles"])
    for use in workflow["roles"]:
        name = use["role"]
        own = {task["name"] for task in roles[name]["tasks"]}
        tasks += [_tagged(_of_role(name, own, task), use["tags"]) for task in roles[name]["tasks"]]
        handlers += [dict(handler, role=name) for handler in roles[name]["handlers"]]
    tasks += [dict(task, role=None) for task in workflow["tasks"]]
    workflow["tasks"] = [_tagged(task, workflow["tags"]) for task in tasks]
    workflow["handlers"] = handlers + workflow["handlers"]


def _hand_tags_down(uses: "list[dict[str, Any]]") -> None:
    """What a role needs has its tags too; `never` only where nothing else wants the needed role."""
    for use in reversed(uses):  # those that need it stand behind it, and know all of their tags by now
        givers = [other["tags"] for other in uses if use["role"] in other["needs"]]
        only_never = use.get("implied") and all("never" in tags for tags in givers)
        handed = [tag for tags in givers for tag in tags if tag != "never" or only_never]
        use["tags"] = _tagged(use, handed)["tags"]


def _tagged(one: "dict[str, Any]", tags: "list[str]") -> "dict[str, Any]":
    """With these tags as well, each once."""
    return dict(one, tags=list(dict.fromkeys([*one["tags"], *tags])))


def _put_first(tasks: "list[dict[str, Any]]", command: "dict[str, Any]") -> None:
    """Put the task in front that evaluates the file on the host: all others wait for the functions it brings."""
    for task in tasks:
        task["depends_on"] = [*task["depends_on"], TOP_LEVEL]
    first = {"name": TOP_LEVEL, "command": command, "tags": ["always"], "depends_on": [], "notify": [], "role": None}
    tasks.insert(0, dict(first, file=command["file"], line=command["line"]))


def _of_role(role: str, own: "set[str]", task: "dict[str, Any]") -> "dict[str, Any]":
    """A role's task under its full name; what it depends on is looked for in the role first."""
    needs = [f"{role} : {need}" if need in own else need for need in task["depends_on"]]
    return dict(task, name=f"{role} : {task['name']}", depends_on=needs, role=role)


def _check_names(kind: str, declared: "list[dict[str, Any]]") -> None:
    places = {}  # type: dict[str, str]
    for one in declared:
        name, where = one["name"], f"{one['file']}:{one['line']}"
        if name in places:
            raise LuaError(f"{kind} {name!r} is defined twice, first at {places[name]}", where)
        places[name] = where
