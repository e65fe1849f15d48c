"""One attempt of a task: its right to act, its calls, and what came of them.

The VM hands every module call of the task's closure to `perform`; what the calls changed adds up to
the attempt's status.
"""

import time

from sloth.runtime.acting import Call, Outcome, Report, values_of
from sloth.runtime.action import COMMON, OF_VALUES
from sloth.runtime.coercion import coerce, seconds
from sloth.runtime.failure import ActionFailed, BadArguments, Stopped
from sloth.runtime.host import Settings
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Protocol

    from sloth.runtime.acting import Act
    from sloth.runtime.deadline import Timer
    from sloth.runtime.job import Step

    Perform = Callable[[dict[str, object]], list[object]]

    class Wishes(Protocol):
        """What a function may want of the run itself; each may raise ActionFailed."""

        def notify(self, name: str) -> "list[str]":
            """The handlers of that name or topic."""

        def flush(self, names: "list[str]", token: Token) -> bool:
            """Run the handlers that are due, and these, now; False when they have to wait."""

        def export(self, outputs: "dict[str, object]") -> None:
            """The run's outputs on this host get these as well."""

        def reboot(self, order: "dict[str, object]") -> None:
            """Reboot the host, as soon as what runs there has ended."""


CHECKS = "infra_test"  # the module whose calls are checks
_WORDS = 200  # characters of a check that are shown


class Attempt:
    """The calls of one try, in the order they were made.

    act(user, call, settings, token, report): performs a call as that user (None: as ourselves)
    handed: the handlers that it has notified and, before its end, wanted to run at once
    checks: what infra_test looked at: check (its action and arguments), lost (why it does not hold, or ""), where,
    duration
    """

    def __init__(
        self,
        step: "Step",
        settings: Settings,
        token: Token,
        timer: "Timer",
        act: "Act",
        report: Report,
        wishes: "Wishes",
    ) -> None:
        self.step = step
        self.settings = settings
        self.token = token
        self.timer = timer
        self.report = report
        self.outcomes = []  # type: list[Outcome]
        self.notified = []  # type: list[str]
        self.handed = []  # type: list[str]
        self.checks = []  # type: list[dict[str, object]]
        self.is_misused = False  # whether a call had wrong arguments, which no run puts right
        self._act = act
        self._wishes = wishes

    @property
    def changes(self) -> "list[str]":
        """Everything that was changed (in check mode: would be)."""
        return [change for outcome in self.outcomes for change in outcome.changes]

    @property
    def unknown(self) -> bool:
        """In check mode: whether some call was not made, so that nobody knows what it would change."""
        return any(outcome.unknown for outcome in self.outcomes)

    def perform(self, request: "dict[str, object]") -> "list[object]":
        """Answer one request of the task's closure: the values that its call returns in Lua."""
        module, action = str(request["module"]), str(request["action"])
        args, named = request["args"], request["named"]
        assert isinstance(args, list) and isinstance(named, dict)  # the prelude writes nothing else
        if module == "task":
            return [self._task_request(action, args, named)]
        if module in OF_VALUES and named:
            args, named = [*args, named], {}
        if module == "exec" and "user" in named:
            named["become"] = named.pop("user")
        where, token = str(request.get("where") or ""), request.get("token")
        call = Call(module, action, args, named, request.get("empty") is True, where)
        if not isinstance(token, Token):
            return self.act(call)
        with self.token.over(token):
            return self.act(call, token)

    def act(self, call: Call, token: "Token | None" = None) -> "list[object]":
        """Perform one action with the options that every call takes; values for Lua, or ActionFailed.

        token: its right to act, where it can go before that of the attempt
        """
        options = {key: call.named.pop(key) for key in COMMON if key in call.named}
        user = _user(options.get("become"), self.step.become)
        began = time.monotonic()
        outcome = self._within(options.get("timeout"), call, user, token or self.token)
        for text in outcome.warnings:
            if not any(text in earlier.warnings for earlier in self.outcomes):  # two files in one missing directory
                self.report.log("warning", text)
        self.outcomes.append(outcome)
        self.is_misused = self.is_misused or isinstance(outcome.failure, BadArguments)
        if call.module == CHECKS:
            lost = "" if outcome.failure is None else outcome.failure.message
            took = round(time.monotonic() - began, 4)
            self.checks.append({"check": _shown(call), "lost": lost, "where": call.where, "duration": took})
        if outcome.failure is None:
            if outcome.reboot is not None:
                self._wishes.reboot(dict(outcome.reboot, user=user))
            return values_of(outcome)
        if outcome.query and not isinstance(outcome.failure, BadArguments):
            return [None, outcome.failure.message]
        if options.get("ignore_errors") is True or (call.module == CHECKS and self.settings.verify):
            fields = {"changed": False, "failed": True, "success": False, "message": outcome.failure.message}
            return [dict(outcome.failure.result, **fields), outcome.failure.message]
        raise outcome.failure

    def _within(self, timeout: object, call: Call, user: "str | None", above: Token) -> Outcome:
        """Make the call, within a time limit of its own when it has one: the call fails then, not the task."""
        if timeout is None:
            return self._act(user, call, self.settings, above, self.report)
        limit = _limit(call, timeout)
        token = Token()
        alarm = self.timer.after(limit, lambda: token.stop(f"timed out after {limit:g} s"))
        try:
            with above.over(token):
                return self._act(user, call, self.settings, token, self.report)
        except Stopped as stopped:
            above.check()
            outcome = Outcome()
            outcome.failure = ActionFailed(f"{call.module}.{call.action}: {stopped.reason}", timed_out=True)
            return outcome
        finally:
            self.timer.cancel(alarm)

    def _task_request(self, action: str, args: "list[object]", named: "dict[str, object]") -> object:
        if action == "notify":
            names = args[0] if args and isinstance(args[0], list) else args
            for name in names:
                self.notified += self._wishes.notify(str(name))
            return None
        if action == "flush_handlers":
            self.handed += self.notified
            if self._wishes.flush(self.notified, self.token):
                self.notified = []
            return None
        if action == "export":
            self._wishes.export(named)
            return None
        if action == "sleep":
            self.token.sleep(seconds(args[0] if args else named.get("seconds", 0)))
            return None
        raise ActionFailed(f"unknown request of the workflow language: {action}")


def _shown(call: Call) -> str:
    """A check in a few words: its action and what it was given."""
    named = (f"{name}={_word(call.named[name])}" for name in sorted(call.named))
    return " ".join([call.action, *map(_word, call.positional), *named])[:_WORDS]


def _word(value: object) -> str:
    """A value as a workflow writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _user(option: object, default: "str | None") -> "str | None":
    if option is None:
        return default
    if isinstance(option, bool):
        return "root" if option else None
    return str(option)


def _limit(call: Call, timeout: object) -> float:
    try:
        limit = coerce("Duration", timeout)
    except ValueError as error:
        raise BadArguments(f"{call.module}.{call.action}: timeout {error}") from error
    assert isinstance(limit, float)
    return limit
