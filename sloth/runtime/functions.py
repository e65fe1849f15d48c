"""What the author of a task wrote for it: its command, its conditions, its hooks; and how each is called.

A shell string is a command line, and as a condition holds when it exits with 0. A function is called in
the host's Lua machine, with the task's own view of the world.
"""

from contextlib import contextmanager

from sloth.runtime.acting import Call, Report
from sloth.runtime.attempt import Attempt
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.host import Settings
from sloth.runtime.lua.vm import LuaError
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

    from sloth.runtime.job import Step
    from sloth.runtime.stage import Stage
    from sloth.runtime.verdict import Verdict

    Plain = dict[str, object]

HOOK_LIMIT = 60.0  # seconds for a condition or hook of a task that has no time limit itself
NOT_RUN = (126, 127)  # exit codes of a shell that found no such program, or one that it may not run
FOREVER = 10.0 * 365 * 86400


def told(verdict: "Verdict", **more: object) -> "Plain":
    """What hooks hear of a failure; in Lua it counts as its text, too."""
    return dict(verdict.failure, error=verdict.message, message=verdict.message, __string="error", **more)


class Functions:
    """The functions of one task on this host.

    declared: the task with its closures. token: of the whole run of the task. begin(): told before each condition and
    hook, as the task's time limit begins anew with it.
    """

    def __init__(
        self,
        stage: "Stage",
        step: "Step",
        declared: "Plain",
        token: Token,
        report: Report,
        begin: "Callable[[], None]",
        is_handler: bool = False,
    ) -> None:
        self.stage = stage
        self.step = step
        self.declared = declared
        self._token = token
        self._report = report
        self._begin = begin
        self._is_handler = is_handler
        self.reboots = ""  # the boot that shall end because of this task

    def attempt(self, token: Token) -> Attempt:
        """A fresh attempt whose right to act is that token."""
        stage, step, job = self.stage, self.step, self.stage.job
        own = job.own(step, stage.registered)
        settings = Settings(
            job.check, job.diff, step.workdir, step.env, step.role, job.live or step.stream, own, step.host, job.verify
        )
        return Attempt(
            step, settings, token, stage.tools.timer, stage.tools.act, self._report, self
        )

    # what the run itself is asked for

    def notify(self, name: str) -> "list[str]":
        """The handlers of that name or topic."""
        return self.stage.notify(name)

    def flush(self, names: "list[str]", token: Token) -> bool:
        """Run the handlers that are due, and these, now."""
        if self._is_handler:
            raise ActionFailed(f"{self.step.name} is a handler itself: it can notify those below it, not run them")
        return self.stage.flush(names, token)

    def export(self, outputs: "Plain") -> None:
        """Give the run outputs."""
        self.stage.export(outputs)

    def reboot(self, order: "Plain") -> None:
        """Reboot the host when what runs there has ended."""
        self.reboots = str(order["boot"])
        self.stage.reboot(order)

    # the command and what stands around it in each attempt

    def command(self, attempt: Attempt) -> "list[object]":
        """What the command returns. A failed_if judges a shell string in place of its exit code."""
        command = self.declared.get("command")
        if command is None:
            return []
        if not isinstance(command, str):
            if self._is_handler:
                return self._call(command, "handler", attempt, [])
            return self._call(command, "task", attempt, None)
        values = attempt.act(Call("exec", "run" if "failed_if" in self.declared else "check", [command]))
        result = values[0]
        assert isinstance(result, dict)
        outputs = {key: result[key] for key in ("stdout", "stderr", "exit_code") if key in result}
        return [True, "", outputs]

    def refusal(self, hook: str, attempt: Attempt, extra: "list[object] | None" = None) -> "str | None":
        """Why pre_hook or post_hook lets the attempt fail, or None. Its calls count as the task's."""
        closure = self.declared.get(hook)
        if closure is None:
            return None
        values = self._call(closure, "task" if extra is None else "hook", attempt, extra)
        if values[:1] != [False]:
            return None
        return str(values[1]) if len(values) > 1 and isinstance(values[1], str) else f"{hook} returned false"

    def decides(self, key: str, outputs: "Plain") -> "bool | None":
        """What changed_if or failed_if says of the outputs; None when there is none."""
        condition = self.declared.get(key)
        if condition is None or isinstance(condition, bool):
            return condition
        return self.holds(condition, [outputs])

    # conditions and hooks, each in a time of its own

    def holds(self, condition: object, extra: "list[object] | None" = None) -> bool:
        """Whether a condition holds. extra: what a function gets after params, in place of deps and session."""
        with self._aside() as attempt:
            if isinstance(condition, str):
                # it changes nothing, so it runs in check mode too
                result = attempt.act(Call("exec", "run", [condition], {"changed_if": False}))[0]
                assert isinstance(result, dict)
                self._doubt(condition, result)
                return result.get("exit_code") == 0
            values = self._call(condition, "condition", attempt, extra)
        return bool(values and values[0] not in (None, False))

    def _doubt(self, condition: str, result: "Plain") -> None:
        """Say so where the shell had nothing to run: `command -v` may end so, too, but says nothing then."""
        said = str(result.get("stderr") or "").strip()
        if result.get("exit_code") in NOT_RUN and said:
            self._report.log("warning", f"the condition {condition!r} cannot tell: {said.splitlines()[-1]}")

    def tell(self, hook: str, *extra: object) -> "Attempt | None":
        """Call a hook; the attempt that holds what it did. Its own failure is only a warning."""
        closure = self.declared.get(hook)
        if closure is None or self._token.stopped:
            return None
        with self._aside() as attempt:
            try:
                self._call(closure, "hook", attempt, list(extra))
            except (ActionFailed, LuaError, Stopped) as failure:
                self._report.log("warning", f"{hook}: {failure}")
        return attempt

    def tell_end(self, verdict: "Verdict") -> "list[Attempt]":
        """on_timeout, then on_failure(this, params, error) or on_success(this, params, outputs), then on_complete."""
        error = told(verdict)
        said = verdict.outputs if verdict.success else error
        hooks = ["on_timeout"] if verdict.status == "timed_out" else []
        hooks += ["on_success" if verdict.success else "on_failure", "on_complete"]
        return [attempt for attempt in [self.tell(hook, said) for hook in hooks] if attempt is not None]

    @contextmanager
    def _aside(self) -> "Iterator[Attempt]":
        """An attempt for a condition or hook, with a deadline of its own."""
        token, limit = Token(), self.step.timeout or HOOK_LIMIT
        self._begin()
        alarm = self.stage.tools.timer.after(limit, lambda: token.stop(f"timed out after {limit:g} s"))
        try:
            with self._token.over(token):
                yield self.attempt(token)
        finally:
            self.stage.tools.timer.cancel(alarm)

    def _call(self, closure: object, style: str, attempt: Attempt, extra: "list[object] | None") -> "list[object]":
        """Run a closure in the machine, as (this, params, extra…), without extra as (this, params, deps, session)."""
        assert isinstance(closure, dict)
        stage, step, job = self.stage, self.step, self.stage.job
        params = dict(
            step.params,
            task_name=step.task,
            group_name=job.workflow,
            workdir=step.workdir or "",
            agent_name=job.host,
            dry_run=job.check,
        )
        context = {
            "style": style,
            "this": {"name": step.task, "agent": job.host, "workdir": step.workdir or job.scratch},
            "params": params,
            "deps": stage.deps(step),
            "held": stage.held(step.role, step.host),
            "own": attempt.settings.own,
            "inventory_hostname": step.host or job.host,
        }  # type: Plain
        if extra is not None:
            context["extra"] = extra
        limit = step.timeout or (FOREVER if style in ("task", "handler") else HOOK_LIMIT)
        vm = stage.tools.vm
        return vm.call(closure["function"], context, attempt.perform, vm.clock() + limit, key=attempt)
