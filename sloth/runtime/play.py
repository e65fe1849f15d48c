"""One host's task graph: order, side by side or not, conditions, attempts, handlers, events.

`Play` does not know where actions happen: it asks for calls (`act`) and says what happens (`emit`).
On the host itself calls are local; a controller that plays for a host sends them over the session.

A worker thread takes the first task in file order whose needs are met. `parallel` of them run; one
that does not come back after its task's deadline (stuck in the kernel or in C code) is replaced. A task
that is async takes no worker: it begins as soon as its needs are met, beside whatever else runs.

When a task wants the host rebooted, nothing more begins, and the play is over once what runs has ended. Whoever gave
the job reboots the host and gives it another one, with what is left.
"""

import threading

from sloth.runtime.failure import ActionFailed
from sloth.runtime.job import Job, Step
from sloth.runtime.stage import Stage
from sloth.runtime.taskrun import TaskRun
from sloth.runtime.token import Token
from sloth.runtime.verdict import BLOCKING
from sloth.runtime.workdir import Workdir

MYPY = False
if MYPY:
    from sloth.runtime.program import Declared
    from sloth.runtime.stage import Tools

    Plain = dict[str, object]


HANDLER_LIMIT = 900.0  # seconds that one handler may take
WATCH = 0.5  # seconds between looks at the VM
STUCK = 1.5


class Play:
    """Runs one job.

    declared: the workflow with the closures of this machine
    stuck: seconds beyond its deadline after which a call counts as hanging
    """

    def __init__(self, job: Job, declared: "Declared", tools: "Tools", stuck: float = STUCK) -> None:
        self.job = job
        self._stuck = stuck
        self.tools = tools
        self.handlers = declared.handlers
        self._stage = Stage(job, tools, self.handlers, self._abort, self.flush)
        self._workdir = Workdir(self._stage, declared.clean_workdir)
        self._aborted = ""
        self._cancelled = ""
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._ended = threading.Condition(lock)  # apart, so that not each task's end wakes who waits for all of them
        self._runs = [TaskRun(self._stage, step, declared.tasks[step.task], self._task_finished) for step in job.steps]
        self._by_name = {run.step.name: run for run in self._runs}
        for name in job.done.keys() & self._by_name.keys():
            self._by_name[name].restore(job.done[name])
        self._waiting = [run for run in self._runs if not run.finished]
        self._unfinished = len(self._waiting)
        self._workers = 0
        self._gates = {}  # type: dict[str, bool]
        self._left_out = set()  # type: set[str]
        self._active = 0
        self._handling = set()  # type: set[TaskRun]
        self._flushing = threading.Lock()

    def run(self) -> "dict[str, int]":
        """Run tasks, then the handlers that were notified. Returns how many tasks ended in each status.

        Raises ActionFailed when the workflow's directory cannot be made.
        """
        self._workdir.create()
        for gate in self.job.gates:
            self.open_gate(gate)
        with self._changed:
            for _ in range(self.job.parallel):
                self._hire()
            while not self._is_over:
                self._ended.wait(min(WATCH, self._stuck))
                self._end_if_stuck()
        if not self._drains and not self._handlers_wait() and self._run_due(Token(), is_end=True) is not None:
            self._tell_due("a handler")
        if self.reboot is None:
            self._clean_workdir()
        counts = {}  # type: dict[str, int]
        for run in self._runs:
            if run.finished:
                counts[run.status] = counts.get(run.status, 0) + 1
        return counts

    def _clean_workdir(self) -> None:
        due = self._stage.due  # with a handler that failed and, at a further attempt, did not
        self._workdir.clean(not any(run.blocks and (not run.is_handler or run.step.name in due) for run in self._runs))

    @property
    def exports(self) -> "Plain":
        """The outputs that tasks gave to the run itself."""
        return self._stage.exports

    @property
    def reboot(self) -> "Plain | None":
        """How the host is to be rebooted, if its tasks want that, before it gets a job of what is left."""
        return None if self._cancelled else self._stage.rebooting

    @property
    def _drains(self) -> bool:
        """Whether nothing more begins before a reboot; what an abort leaves out needs none."""
        return self.reboot is not None and not self._aborted

    @property
    def _is_over(self) -> bool:
        """Whether all tasks have ended, or those that run before a reboot."""
        return not (self._active if self._drains else self._unfinished)

    def cancel(self, reason: str) -> None:
        """Stop what runs and start nothing more."""
        with self._changed:
            self._cancelled = self._cancelled or reason
            open_runs = [run for run in self._runs if not run.finished]
        self.tools.vm.cancel()
        for run in open_runs:
            run.stop("cancelled", reason)

    def _end_if_stuck(self) -> None:
        """Lua's own C code does not look at the clock: when it does not come back, this VM is lost."""
        inside = self.tools.vm.running_since()
        if inside is not None and self.tools.vm.clock() > inside[2] + self._stuck:
            self.cancel("a task hangs inside a function of Lua, so nothing more can run here")

    def _abort(self, reason: str) -> None:
        """A task's abort_if holds: no further task starts."""
        with self._changed:
            self._aborted = self._aborted or reason
            self._changed.notify_all()

    def open_gate(self, gate: "Plain") -> None:
        """Let the tasks go on that wait at a gate.

        gate: {"name", "ok", "outputs", "unsettled": see Stage, "left_out": do not run them}
        """
        name, outputs = str(gate.get("name")), gate.get("outputs")
        with self._changed:
            self._gates[name] = gate.get("ok") is True
            if gate.get("left_out") is True:
                self._left_out.add(name)
            self._stage.outputs[name] = outputs if isinstance(outputs, dict) else {}
            if gate.get("unsettled") is True:
                self._stage.unsettled.add(name)
            self._changed.notify_all()

    def _task_finished(self, run: TaskRun, worker_is_lost: bool) -> None:
        """A run has its final status. Called by it, once, from a worker or from the timer."""
        with self._changed:
            self._stage.due.update(run.notified)
            if run.is_handler and run.blocks:
                self._stage.due.add(run.step.name)
            self._handling.discard(run)
            if worker_is_lost and not run.step.is_async and not run.is_handler:
                self._hire()
            self._unfinished -= 1
            if run.started:
                self._active -= 1
            self._changed.notify_all()
            if self._is_over:
                self._ended.notify_all()

    def _hire(self) -> None:
        self._workers += 1
        threading.Thread(target=self._work, name=f"worker {self._workers}", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                run = self._next()
                while run is None:
                    if not self._waiting or (self._drains and not self._active):
                        return
                    if self._active == 0:  # only gates are waited for: others may have this host's place meanwhile
                        self.tools.emit({"type": "host_waiting", "awaited": True})
                    self._changed.wait()
                    run = self._next()
            run.go()
            if run.abandoned:
                return  # another worker has taken this one's place

    def _next(self) -> "TaskRun | None":
        """Take the first task that can start; those that never can are finished on the way."""
        if self._drains:
            return None
        for run in list(self._waiting):
            failed = self._failed_need(run.step)
            unwanted = self._unwanted(run.step)
            if not (self._cancelled or self._aborted or failed or self._is_ready(run.step)):
                continue
            self._waiting.remove(run)
            if self._cancelled:
                run.finish("cancelled", self._cancelled)
            elif self._aborted:
                run.give_up(self._aborted)
            elif failed:
                run.give_up(f"{failed} did not succeed")
            elif unwanted:
                run.finish("skipped", unwanted)
            else:
                run.started = True
                self._active += 1
                if not run.step.is_async:
                    return run
                threading.Thread(target=run.go, name=f"task {run.step.name}", daemon=True).start()
        return None

    def _needs(self, step: Step) -> "list[TaskRun]":
        return [self._by_name[name] for name in step.needs if name in self._by_name]

    def _failed_need(self, step: Step) -> str:
        failed = [need.step.name for need in self._needs(step) if need.finished and need.blocks]
        failed += [name for name in step.gates if self._gates.get(name) is False]
        return next((name for name in failed if name not in step.after_failure), "")

    def _unwanted(self, step: Step) -> str:
        """Why a task does not run that a person leaves out, or that waits for the failure of others; or nothing."""
        if not self._left_out.isdisjoint(step.gates):
            return "left out by a person"
        if not step.after_failure or not self._is_ready(step):
            return ""
        for name in step.after_failure:
            if self._gates.get(name) is False or (name in self._by_name and self._by_name[name].status in BLOCKING):
                return ""
        return f"{', '.join(step.after_failure)} did not fail"

    def _is_ready(self, step: Step) -> bool:
        return all(need.finished for need in self._needs(step)) and all(name in self._gates for name in step.gates)

    # handlers

    def flush(self, names: "list[str]", token: Token) -> bool:
        """A task wants the handlers that are due, and these, to run now; False when they wait for a better run.

        token: the task's right to act. Raises ActionFailed when one of them does not succeed
        """
        with self._changed:
            self._stage.due.update(names)
        while not self._flushing.acquire(timeout=WATCH):
            token.check()
        try:
            if self._handlers_wait():
                return False
            failed = self._run_due(token)
        finally:
            self._flushing.release()
        if failed is not None:
            raise ActionFailed(f"handler {failed.step.name!r} did not succeed")
        return True

    def _handlers_wait(self) -> bool:
        """Whether a task has failed here, so that what is due stays so; a person is told."""
        if self.job.force_handlers or not any(run.blocks and not run.is_handler for run in self._runs):
            return False
        return self._tell_due("a task")

    def _tell_due(self, what: str) -> bool:
        """Whether handlers stay due, since that did not succeed."""
        due = [str(handler["name"]) for handler in self.handlers if handler["name"] in self._stage.due]
        if due:
            text = f"as {what} did not succeed, handlers wait for the next run that does: {', '.join(due)}"
            self.tools.emit({"type": "log", "task": "", "level": "warning", "text": text})
        return bool(due)

    def _run_due(self, token: Token, is_end: bool = False) -> "TaskRun | None":
        """Run what is due, one after the other; the first that does not succeed is the last, and given back.

        is_end: no task waits for them, so that those below one that wants a reboot run after that
        """
        for handler in self.handlers:  # a handler may notify one that stands below it
            with self._changed:
                if self._cancelled or (is_end and self._drains) or handler["name"] not in self._stage.due:
                    continue
                run = self._begin(handler)
            watch = token.on_stop(lambda run=run: run.stop("cancelled", token.reason))  # type: ignore[misc]
            with self._changed:
                while run in self._handling:
                    self._changed.wait(WATCH)
                    self._end_if_stuck()
            token.done(watch)
            if run.blocks:
                return run
        return None

    def _begin(self, handler: "Plain") -> TaskRun:
        self._stage.due.discard(str(handler["name"]))
        step = Step({"name": handler["name"], "role": handler.get("role"), "timeout": HANDLER_LIMIT})
        run = TaskRun(self._stage, step, handler, self._task_finished, is_handler=True)
        run.started = True
        self._active += 1
        self._unfinished += 1
        self._runs.append(run)
        self._handling.add(run)
        threading.Thread(target=run.go, name=f"handler {step.name}", daemon=True).start()
        return run
