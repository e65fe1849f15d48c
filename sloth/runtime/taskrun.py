"""One task on one host, from its condition to its final status.

The status is set once, under a lock: by the worker that runs the task, or by the timer at the
deadline of the last attempt, whichever comes first; what the worker brings after that is dropped.
"""

import os
import threading
import time
from contextlib import contextmanager

from sloth.runtime.acting import Call, Report
from sloth.runtime.attempt import Attempt
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.host import Settings
from sloth.runtime.lua.vm import LuaError, LuaTimeout
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

    from sloth.runtime.job import Step
    from sloth.runtime.stage import Stage

    Plain = dict[str, object]

BLOCKING = ("failed", "timed_out", "cancelled")
HOOK_LIMIT = 60.0  # seconds for a condition or hook of a task that has no time limit itself
FOREVER = 10.0 * 365 * 86400
LIVE_LIMIT = 1 << 18  # bytes of live output that one task may send


class Verdict:
    """How an attempt ended."""

    def __init__(self, status: str, message: str = "", failure: "Plain | None" = None) -> None:
        self.status = status
        self.message = message
        self.failure = failure or {}
        self.outputs = {}  # type: Plain


class TaskRun:
    """A task's one run on this host.

    declared: the task with its closures. tell(run, worker_is_lost): called once, when it has its final status.
    """

    def __init__(
        self,
        stage: "Stage",
        step: "Step",
        declared: "Plain",
        tell: "Callable[[TaskRun, bool], None]",
        is_handler: bool = False,
    ) -> None:
        self.stage = stage
        self.step = step
        self.declared = declared
        self.is_handler = is_handler
        self.started = False
        self.finished = False
        self.abandoned = False
        self.blocks = False
        self.status = ""
        self.notified = []  # type: list[str]
        self._tell = tell
        self._lock = threading.Lock()
        self._token = Token()
        self._began = 0.0
        self._sent = 0
        self._try = 0
        self._is_given_up = False
        self._current = None  # type: Attempt | None

    # the road of a task

    def go(self) -> None:
        """Run to a final status. Never raises."""
        self._began = time.monotonic()
        self._emit("task_started")
        try:
            reason = self._closed_door()
            if reason is not None:
                self.finish("skipped", reason)
                return
            verdict = self._attempts()
        except Stopped as stopped:
            verdict = Verdict("cancelled", stopped.reason)
        except (ActionFailed, LuaError) as error:
            verdict = _failed(error)
        except Exception as error:  # noqa: BLE001  # a fault of ours fails this task; the run must not wait for it
            verdict = _at_fault(error)
        self._hook("on_failure" if verdict.status in BLOCKING else "on_success", verdict)
        self._end(verdict)

    def _closed_door(self) -> "str | None":
        """Why the task is skipped, or None. An abort_if that holds fails the task and stops the workflow."""
        abort_if, run_if = self.declared.get("abort_if"), self.declared.get("run_if")
        if abort_if is not None and self._holds(abort_if):
            self.stage.abort(f"aborted by {self.step.name}")
            raise ActionFailed("abort_if holds: the workflow stops here", aborted=True)
        if run_if is not None and not self._holds(run_if):
            return "its condition run_if does not hold"
        return None

    def _holds(self, condition: object) -> bool:
        """Evaluate a condition: a shell string (exit code 0) or a closure."""
        with self._aside() as attempt:
            if isinstance(condition, str):
                # it changes nothing, so it runs in check mode too
                result = attempt.act(Call("exec", "run", [condition], {"changed_if": False}))[0]
                assert isinstance(result, dict)
                return result.get("exit_code") == 0
            values = self.call(condition, "condition", attempt, [])
        return bool(values and values[0] not in (None, False))

    def _attempts(self) -> Verdict:
        retries = self.step.retries
        while True:
            self._try += 1
            is_last = self._try > retries.count
            verdict = self._attempt_once(is_last)
            if is_last or verdict.status not in ("failed", "timed_out"):
                return verdict
            wait = retries.wait(self._try, os.urandom(1)[0] / 255)
            self._emit("task_retrying", attempt=self._try, delay=round(wait, 2), message=verdict.message)
            self._token.sleep(wait)

    def _attempt_once(self, is_last: bool) -> Verdict:
        token = Token()
        above = self._token.on_stop(lambda: token.stop(self._token.reason))
        attempt = self._current = self._attempt(token)
        limit = self.step.timeout
        self._tell_phase()
        alarm = 0 if limit is None else self.stage.tools.timer.after(limit, lambda: self._expire(token, is_last))
        try:
            return self._judge(attempt, self._command(attempt))
        except Stopped as stopped:
            return Verdict("cancelled" if self._token.stopped else "timed_out", stopped.reason)
        except (ActionFailed, LuaError) as error:
            if token.stopped or isinstance(error, LuaTimeout):
                return Verdict("cancelled" if self._token.stopped else "timed_out", token.reason or self._too_late())
            return _failed(error)
        finally:
            self.stage.tools.timer.cancel(alarm)
            self._token.done(above)

    def _too_late(self) -> str:
        return f"timed out after {self.step.timeout:g} s"

    def _expire(self, token: Token, is_last: bool) -> None:
        """The deadline of an attempt, in the timer's thread."""
        reason = self._too_late()
        if is_last:
            self._end(Verdict("timed_out", reason), worker_is_lost=True)
        else:
            self._tell_phase()  # what it started is ended now, which may take a moment
        token.stop(reason)

    def stop(self, status: str, reason: str) -> None:
        """End the run from outside."""
        self._token.stop(reason)
        self._end(Verdict(status, reason), worker_is_lost=self.started)

    # what an attempt does

    def _attempt(self, token: Token) -> Attempt:
        stage = self.stage
        job, step = stage.job, self.step
        settings = Settings(job.check, job.diff, step.workdir, step.env, step.name, job.live)
        report = Report(self._output, self._log)
        return Attempt(self.step, settings, token, stage.tools.timer, stage.tools.act, report, stage.handler)

    @contextmanager
    def _aside(self) -> "Iterator[Attempt]":
        """An attempt for a condition or hook, with a deadline of its own."""
        token, limit = Token(), self.step.timeout or HOOK_LIMIT
        self._tell_phase()
        above = self._token.on_stop(lambda: token.stop(self._token.reason))
        alarm = self.stage.tools.timer.after(limit, lambda: token.stop(f"timed out after {limit:g} s"))
        try:
            yield self._attempt(token)
        finally:
            self.stage.tools.timer.cancel(alarm)
            self._token.done(above)

    def _command(self, attempt: Attempt) -> "list[object]":
        command = self.declared.get("command")
        if isinstance(command, str):
            values = attempt.act(Call("exec", "check", [command]))
            result = values[0]
            assert isinstance(result, dict)
            outputs = {key: result[key] for key in ("stdout", "stderr", "exit_code") if key in result}
            return [True, "", outputs]
        if command is None:
            return []
        return self.call(command, "handler" if self.is_handler else "task", attempt, [])

    def call(self, closure: object, style: str, attempt: Attempt, extra: "list[object]") -> "list[object]":
        """Run a closure of this task in the VM, as (this, params, deps, session) or (this, params, extra…)."""
        assert isinstance(closure, dict)
        job, step = self.stage.job, self.step
        params = dict(
            step.params,
            task_name=step.name,
            group_name=job.workflow,
            workdir=step.workdir or "",
            agent_name=job.host,
            dry_run=job.check,
        )
        context = {
            "style": style,
            "this": {"name": step.name, "agent": job.host, "workdir": step.workdir or ""},
            "params": params,
            "deps": self.stage.deps(step),
            "held": self.stage.held(step.role),
            "inventory_hostname": job.host,
            "extra": extra,
        }  # type: Plain
        limit = self.step.timeout or (FOREVER if style in ("task", "handler") else HOOK_LIMIT)
        vm = self.stage.tools.vm
        return vm.call(closure["function"], context, attempt.perform, vm.clock() + limit, key=attempt)

    def _judge(self, attempt: Attempt, values: "list[object]") -> Verdict:
        """The return conventions of the language: ok, message, outputs; or one table; or nothing."""
        first = values[0] if values else None
        message = values[1] if len(values) > 1 and isinstance(values[1], str) else ""
        outputs = values[2] if len(values) > 2 and isinstance(values[2], dict) else {}
        if isinstance(first, dict):
            outputs = dict(first)
            message = str(outputs.pop("message", message) or "")
            first = not (outputs.pop("failed", False) or outputs.get("success") is False)
        elif isinstance(first, str):
            message = first
        if first is False or (first is None and message):
            verdict = Verdict("failed", message or "the task returned false", {"error": message})
        else:
            verdict = Verdict(self._success(attempt, outputs.get("changed")), message)
        verdict.outputs = outputs
        return verdict

    def _success(self, attempt: Attempt, said: object) -> str:
        changed = bool(attempt.changes) or said is True
        if said is False:
            changed = False
        elif attempt.unknown:
            return "would_run"
        if not changed:
            return "ok"
        return "would_change" if self.stage.job.check else "changed"

    def _hook(self, name: str, verdict: Verdict) -> None:
        """on_success(this, params, outputs) or on_failure(this, params, error); its own failure is only a warning."""
        closure = self.declared.get(name)
        if closure is None or self._token.stopped:
            return
        error = dict(verdict.failure, error=verdict.message, message=verdict.message)
        with self._aside() as attempt:
            try:
                self.call(closure, "hook", attempt, [verdict.outputs if name == "on_success" else error])
            except (ActionFailed, LuaError, Stopped) as failure:
                self._log("warning", f"{name}: {failure}")
        if self._current is not None:
            self._current.outcomes.extend(attempt.outcomes)

    # its end

    def finish(self, status: str, message: str) -> None:
        """End without having run."""
        self._end(Verdict(status, message))

    def give_up(self, message: str) -> None:
        """End as skipped because something this task needs did not succeed; what needs this one is skipped, too."""
        self._is_given_up = True
        self.finish("skipped", message)

    def _end(self, verdict: Verdict, worker_is_lost: bool = False) -> None:
        with self._lock:
            if self.finished:
                return
            self.finished = True
            self.abandoned = worker_is_lost
        attempt = self._current
        status = verdict.status
        self.status = status
        self.blocks = self._is_given_up or (status in BLOCKING and not self.step.ignore_errors)
        if status not in BLOCKING and attempt is not None:
            self.notified = attempt.notified + self._declared_notify(status)
            self.stage.outputs[self.step.name] = verdict.outputs
        self._emit(
            "task_finished",
            status=status,
            message=verdict.message,
            outputs=verdict.outputs,
            changes=attempt.changes if attempt else [],
            diff=[diff for outcome in attempt.outcomes for diff in outcome.diffs] if attempt else [],
            duration=round(time.monotonic() - self._began, 4) if self._began else 0.0,
            failure=verdict.failure,
            attempts=self._try,
            ignored=status in BLOCKING and self.step.ignore_errors,
            blocks=self.blocks,
            notified=self.notified,
        )
        self._tell(self, worker_is_lost)

    def _declared_notify(self, status: str) -> "list[str]":
        names = self.declared.get("notify") or []
        assert isinstance(names, list)
        return [str(name) for name in names] if status in ("changed", "would_change", "would_run") else []

    # what it says

    def _emit(self, type_: str, **fields: object) -> None:
        self.stage.tools.emit(dict(fields, type=type_, task=self.step.name, handler=self.is_handler))

    def _tell_phase(self) -> None:
        """The time limit begins anew: the controller keeps it too, and must not take us for frozen."""
        if self.step.timeout is not None:
            self._emit("task_phase")

    def _log(self, level: str, text: str) -> None:
        self._emit("log", level=level, text=text)

    def _output(self, stream: str, data: bytes) -> None:
        room = LIVE_LIMIT - self._sent
        if room <= 0:
            return
        self._sent += len(data)
        text = data[:room].decode("utf-8", "surrogateescape")
        self._emit(
            "task_output", stream=stream, text=text if len(data) <= room else text + "\n[live output cut here]\n"
        )


def _at_fault(error: Exception) -> Verdict:
    import traceback

    text = f"a fault of sloth: {type(error).__name__}: {error}"
    return Verdict("failed", text, {"error": text, "traceback": traceback.format_exc()})


def _failed(error: "ActionFailed | LuaError") -> Verdict:
    if isinstance(error, ActionFailed):
        return Verdict("failed", error.message, dict(error.result, error=error.message))
    return Verdict("failed", error.text, dict(error.result, error=error.text, where=error.where))
