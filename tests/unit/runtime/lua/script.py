"""A VM with a workflow in it, for tests of the Lua machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lupa import lua54

from sloth.runtime.lua.vm import VM, compiled_prelude
from sloth.runtime.program import load_program

MODULES = ("exec", "facts", "file_ops", "fs", "log", "metrics", "pkg", "systemd", "time")
Request = dict[str, Any]


def done(_request: Request) -> list[object]:
    """The answer of an action that changed something."""
    return [{"changed": True}, "done"]


class Script:
    """A loaded workflow whose tasks can be called, with every request they make on record.

    sources: path → text; the first one is the entry
    """

    def __init__(self, sources: Mapping[str, str], *, side: str = "controller", **options: Any) -> None:
        self.vm = VM(lua54, modules=MODULES, **{"compiled": compiled_prelude(lua54), **options.pop("vm", {})})
        self.said: list[tuple[str, str]] = []
        self.requests: list[Request] = []
        self.program: dict[str, Any] = load_program(
            self.vm, next(iter(sources)), sources.get, side=side,
            say=lambda level, text: self.said.append((level, text)), **options,
        )
        self.tasks = {task["name"]: task for flow in self.program["workflows"] for task in flow["tasks"]}

    def call(
        self,
        task: str = "t",
        answer: Callable[[Request], list[object]] = done,
        *,
        limit: float = 5.0,
        slot: str = "command",
        **context: Any,
    ) -> list[object]:
        """Run a closure of a task to its end."""

        def perform(request: Request) -> list[object]:
            self.requests.append(request)
            return answer(request)

        given = {"style": "task", "this": {"name": task, "agent": "h1", "workdir": ""}, **context}
        return self.vm.call(self.tasks[task][slot]["function"], given, perform, self.vm.clock() + limit)


def script(body: str, parameters: str = "this, params, deps", **options: Any) -> Script:
    """A workflow of a task `t` with that body, and a task `fine` that returns 'fine'."""
    return Script({"a.sloth": (
        f"task('t'):command(function({parameters}) {body}\nend):build()\n"
        "task('fine'):command(function() return 'fine' end):build()"
    )}, **options)


def run(body: str, answer: Callable[[Request], list[object]] = done, **context: Any) -> list[object]:
    """What the body of a task returns."""
    return script(body).call("t", answer, **context)
