"""One task on one host, from its condition to its final status.

The status is set once, under a lock: by the worker that runs the task, or by the timer at the
deadline of the last attempt, whichever comes first; what the worker brings after that is dropped.
"""

import os
import threading
import time

from sloth.runtime.acting import Call, Report
from sloth.runtime.consuming import consume
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.functions import Functions, told
from sloth.runtime.lua.vm import LuaError, LuaTimeout
from sloth.runtime.token import Token
from sloth.runtime.verdict import BLOCKING, Verdict, at_fault, failed, judge

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.attempt import Attempt
    from sloth.runtime.job import Step
    from sloth.runtime.stage import Stage

    Plain = dict[str, object]

LOST = 0.6  # seconds beyond its deadline until the thread of an attempt counts as lost; the controller waits 0.7
LIVE_LIMIT = 1 << 18  # bytes of live output that one task may send


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
        report = Report(self._output, self._log)
        self._functions = Functions(stage, step, declared, self._token, report, self._tell_phase, is_handler)

    # the road of a task

    def go(self) -> None:
        """Run to a final status. Never raises."""
        self._began = time.monotonic()
        self._emit("task_started")
        try:
            reason = self._closed_door()
            if reason is not None and self._awaited:
                self.finish("would_run", f"nobody knows before {self._awaited}: {reason}")
                return
            if reason is not None:
                self._functions.tell("on_skip", reason)
                self.finish("skipped", reason)
                return
            verdict = self._attempts()
        except Stopped as stopped:
            verdict = Verdict("cancelled", stopped.reason)
        except (ActionFailed, LuaError) as error:
            verdict = failed(error)
        except Exception as error:  # noqa: BLE001  # a fault of ours fails this task; the run must not wait for it
            verdict = at_fault(error)
        if verdict.status == "failed" and self._doubt and not verdict.failure.get("aborted"):
            self.finish("would_run", f"nobody knows before {self._doubt}: {verdict.message}")
            return
        for hook in self._functions.tell_end(verdict):
            if self._current is not None:
                self._current.outcomes.extend(hook.outcomes)
                self._current.notified.extend(hook.notified)
        self._end(verdict)

    @property
    def _awaited(self) -> str:
        """What this task builds on and a check only foretells: what it finds missing may be there in earnest."""
        stage, step = self.stage, self.step
        for name in step.needs + step.gates:
            if name in stage.unsettled:
                return f"{name} has run"
        return "the workdir is made" if stage.lacks_workdir and step.workdir == stage.job.workdir else ""

    @property
    def _doubt(self) -> str:
        """What has to happen before a failure can be believed that a check meets; or nothing."""
        if self._awaited:
            return self._awaited
        attempt, job = self._current, self.stage.job
        if attempt is None or not job.check or job.verify or attempt.is_misused:
            return ""
        return "it has done what it would change" if attempt.changes or attempt.unknown else ""

    def _closed_door(self) -> "str | None":
        """Why the task is skipped, or None. An abort_if that holds fails the task and stops the workflow."""
        abort_if, run_if = self.declared.get("abort_if"), self.declared.get("run_if")
        if abort_if is not None and self._functions.holds(abort_if):
            self.stage.abort(f"abort_if of task {self.step.name} holds, which stops the workflow")
            raise ActionFailed("abort_if holds: the workflow stops here", aborted="abort_if")
        if run_if is not None and not self._functions.holds(run_if):
            return "its condition run_if does not hold"
        return None

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
            self._functions.tell("on_retry", told(verdict, attempt=self._try), self._try)
            self._token.sleep(wait)

    def _attempt_once(self, is_last: bool) -> Verdict:
        token = Token()
        attempt = self._functions.attempt(token)
        if self._current is not None:  # what earlier attempts changed is changed, and who was to hear of it still is
            attempt.outcomes.extend(self._current.outcomes)
            attempt.notified.extend(self._current.notified)
            attempt.handed.extend(self._current.handed)
        self._current = attempt
        limit = self.step.timeout
        self._tell_phase()
        alarm = 0 if limit is None else self.stage.tools.timer.after(limit, lambda: self._expire(token, is_last))
        try:
            with self._token.over(token):
                if limit is None or is_last:
                    return self._judged(attempt, token)
                return self._judged_aside(attempt, token, limit + LOST)
        finally:
            self.stage.tools.timer.cancel(alarm)

    def _judged(self, attempt: "Attempt", token: Token) -> Verdict:
        """What comes of an attempt; a fault of ours is raised."""
        try:
            return self._perform(attempt)
        except Stopped as stopped:
            return Verdict("cancelled" if self._token.stopped else "timed_out", stopped.reason)
        except (ActionFailed, LuaError) as error:
            if token.stopped or isinstance(error, LuaTimeout):
                return Verdict("cancelled" if self._token.stopped else "timed_out", token.reason or self._too_late())
            return failed(error)

    def _judged_aside(self, attempt: "Attempt", token: Token, patience: float) -> Verdict:
        """The same in a thread of its own: if that hangs beyond its end, the next attempt does not wait for it."""
        verdicts = []  # type: list[Verdict]

        def go() -> None:
            try:
                verdicts.append(self._judged(attempt, token))
            except Exception as error:  # noqa: BLE001  # a fault of ours fails this attempt
                verdicts.append(at_fault(error))

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        thread.join(patience)
        return verdicts[0] if verdicts else Verdict("timed_out", self._too_late())

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

    def _perform(self, attempt: "Attempt") -> Verdict:
        """The command with what stands around it; whatever it raises ends the attempt."""
        functions = self._functions
        consume(attempt, self.step, self.stage.job)
        refusal = functions.refusal("pre_hook", attempt)
        if refusal is not None:
            return Verdict("failed", refusal, {"error": refusal})
        verdict = judge(functions.command(attempt))
        lost = [one for one in attempt.checks if one["lost"]] if self.stage.job.verify else []
        if verdict.success and lost:
            return verdict.fail(f"{len(lost)} of {len(attempt.checks)} checks do not hold")
        if verdict.success and not attempt.unknown and functions.decides("failed_if", verdict.outputs):
            return verdict.fail("failed_if holds")
        if not verdict.success:
            return verdict
        refusal = functions.refusal("post_hook", attempt, [verdict.outputs])
        if refusal is not None:
            return verdict.fail(refusal)
        if self.step.artifacts:
            attempt.act(Call("artifact", "keep", [], {"paths": self.step.artifacts, "task": self.step.name}))
        said = functions.decides("changed_if", verdict.outputs)
        verdict.status = self._success(attempt, verdict.said if said is None else said)
        missing = [name for name in self.step.outputs if name not in verdict.outputs]
        if missing and not attempt.unknown:
            self._log("warning", f"it promises outputs that it does not give: {', '.join(missing)}")
        return verdict

    def _success(self, attempt: "Attempt", said: object) -> str:
        changed = bool(attempt.changes) or said is True
        if said is False:
            changed = False
        elif attempt.unknown:
            return "would_run"
        if not changed:
            return "ok"
        return "would_change" if self.stage.job.check else "changed"

    # its end

    def restore(self, end: "Plain") -> None:
        """This task was done in an earlier life of the run, or before a reboot, and this is how it ended."""
        failure, outputs = end.get("failure"), end.get("outputs")
        self.started = self.finished = True
        self.status = str(end.get("status"))
        self.blocks = end.get("blocks") is True
        self._pass_on(
            Verdict(
                self.status,
                str(end.get("message") or ""),
                failure if isinstance(failure, dict) else {},
                outputs if isinstance(outputs, dict) else {},
            )
        )

    def finish(self, status: str, message: str) -> None:
        """End without having run."""
        self._end(Verdict(status, message))

    def give_up(self, reason: str) -> None:
        """End as skipped though it is still to be done: what needs this one is skipped, too."""
        self._is_given_up = True
        self.finish("skipped", reason)

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
        if attempt is not None:
            self.notified = [name for name in attempt.handed if name in self.stage.due]
            if verdict.success:
                self.notified += attempt.notified + self._declared_notify(status)
        self._pass_on(verdict)
        self._emit_end(verdict)
        self._tell(self, worker_is_lost)

    def _emit_end(self, verdict: Verdict) -> None:
        attempt = self._current
        self._emit(
            "task_finished",
            status=verdict.status,
            message=verdict.message,
            outputs=verdict.outputs,
            changes=attempt.changes if attempt else [],
            diff=[diff for outcome in attempt.outcomes for diff in outcome.diffs] if attempt else [],
            duration=round(time.monotonic() - self._began, 4) if self._began else 0.0,
            failure=verdict.failure,
            attempts=self._try,
            ignored=verdict.status in BLOCKING and self.step.ignore_errors,
            blocks=self.blocks,
            notified=self.notified,
            checks=attempt.checks if attempt else [],
            exports=self.stage.fresh_exports(),
            reboots=self._functions.reboots if verdict.success else "",
            awaited=self.step.awaited and not self.is_handler,
        )

    def _pass_on(self, verdict: Verdict) -> None:
        """Let other tasks know: outputs for those that depend on this one, a variable, the end of a fail_fast run."""
        stage, step = self.stage, self.step
        if verdict.status == "skipped":
            return
        failure = {} if verdict.success else {"failed": True, "error": verdict.message}
        stage.outputs[step.name] = dict(verdict.outputs, **failure)
        if verdict.status in ("would_change", "would_run"):
            stage.unsettled.add(step.name)
        if verdict.status == "would_run":
            stage.outputs[step.name]["unknown"] = True
        if step.register is not None:
            changed = verdict.status in ("changed", "would_change")
            stage.registered[step.register] = dict(
                verdict.outputs, status=verdict.status, message=verdict.message, changed=changed,
                failed=not verdict.success,
            )
        if self.blocks and stage.job.fail_fast and verdict.status != "cancelled":
            verdict.failure = dict({"aborted": "fail_fast"}, **verdict.failure)
            stage.abort(f"task {step.name} failed, and the workflow is fail_fast")

    def _declared_notify(self, status: str) -> "list[str]":
        names = self.declared.get("notify") or []
        assert isinstance(names, list)
        if status not in ("changed", "would_change", "would_run"):
            return []
        return [handler for name in names for handler in self.stage.notify(str(name))]

    # what it says

    def _emit(self, type_: str, **fields: object) -> None:
        self.stage.tools.emit(dict(fields, type=type_, task=self.step.name, handler=self.is_handler))

    def _tell_phase(self) -> None:
        """The time limit begins anew: the controller keeps it too, and must not take us for frozen."""
        if self.step.timeout is not None:
            self._emit("task_phase", awaited=True)

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
