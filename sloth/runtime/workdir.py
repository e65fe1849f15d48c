"""The directory that a workflow works in: made before its first task on a host, and removed after its last one.

It is removed after a run that went well if clean_workdir_after_run says so, and after one that failed if
cleanup_on_failure does, which counts as the same when it is not set. As a function clean_workdir_after_run decides
for both, and is called with {success, failed, host}.
"""

from sloth.runtime.acting import Call, Report
from sloth.runtime.attempt import Attempt
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.host import Settings
from sloth.runtime.job import Step
from sloth.runtime.lua.vm import LuaError
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from sloth.runtime.stage import Stage

    Plain = dict[str, object]

LIMIT = 60.0  # seconds to make or to remove it


class Workdir:
    """A workflow's directory on this host. clean: clean_workdir_after_run as declared: true, false or a closure."""

    def __init__(self, stage: "Stage", clean: object) -> None:
        self._stage = stage
        self._clean = clean

    def create(self) -> None:
        """Make it, when the workflow wants that. ActionFailed when it cannot be made."""
        if self._stage.job.create_workdir:
            try:
                self._stage.lacks_workdir = self._act("directory") and self._stage.job.check
            except ActionFailed as error:
                raise ActionFailed(f"the workdir cannot be made: {error.message}") from error

    def clean(self, success: bool) -> None:
        """Remove it, when the workflow wants that; that it cannot be removed is only a warning."""
        try:
            if self._is_unwanted(success):
                self._act("absent")
        except (ActionFailed, LuaError, Stopped) as error:
            self._log("warning", f"the workdir {self._stage.job.workdir} stays: {error}")

    def _is_unwanted(self, success: bool) -> bool:
        job = self._stage.job
        if isinstance(self._clean, dict):
            told = {"success": success, "failed": not success, "host": job.host}
            vm = self._stage.tools.vm
            context = {
                "style": "plain", "extra": [told], "inventory_hostname": job.host, "held": self._stage.held(None)
            }  # type: Plain
            values = vm.call(self._clean["function"], context, self._attempt().perform, vm.clock() + LIMIT)
            return bool(values and values[0] not in (None, False))
        if success or job.cleanup_on_failure is None:
            return self._clean is True
        return job.cleanup_on_failure

    def _act(self, action: str) -> bool:
        """Whether the action has something to change."""
        if self._stage.job.workdir is None:
            return False
        attempt = self._attempt()
        attempt.act(Call("file_ops", action, [], {"path": self._stage.job.workdir}))
        return bool(attempt.changes)

    def _attempt(self) -> Attempt:
        stage, token = self._stage, Token()
        stage.tools.timer.after(LIMIT, lambda: token.stop(f"timed out after {LIMIT:g} s"))
        settings = Settings(stage.job.check, stage.job.diff)
        report = Report(lambda *_: None, self._log)
        tools = stage.tools
        step = Step({"name": "workdir"})
        return Attempt(step, settings, token, tools.timer, tools.act, report, stage)

    def _log(self, level: str, text: str) -> None:
        self._stage.tools.emit({"type": "log", "task": "", "level": level, "text": text})
