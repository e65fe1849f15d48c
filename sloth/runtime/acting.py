"""Performing one action call, on this side of a wire or on the other.

`Here` runs the action in this process. `There` sends it over a Peer: to a become child, or (from the
controller) to a host. Both give the same Outcome, so whoever asks need not know where it happened.
"""

import itertools

from sloth.runtime.action import Values
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.frames import WireError
from sloth.runtime.host import Host, Settings
from sloth.runtime.token import Token
from sloth.runtime.wire import WireClosed

CHANGES = 1000  # of one call that are told each

MYPY = False
if MYPY:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from sloth.runtime.action import Action
    from sloth.runtime.host import Ask, Receive

    class Finds(Protocol):
        """The part of a catalog that finds."""

        def find(self, module: str, name: str) -> Action: ...

    class Callee(Protocol):
        """The part of a Peer, or of a session, that asks."""

        def call(self, verb: str, args: "dict[str, object]") -> object: ...

        def tell(self, verb: str, args: "dict[str, object]") -> None: ...

    Act = Callable[["str | None", "Call", Settings, Token, "Report"], "Outcome"]


class Call:
    """What was asked for: an action by name and its arguments as the caller wrote them.

    empty: an empty table was among them, which may have meant a list. where: the line of the script, if one asked
    """

    def __init__(
        self,
        module: str,
        action: str,
        positional: "Sequence[object]" = (),
        named: "Mapping[str, object] | None" = None,
        empty: bool = False,
        where: str = "",
    ) -> None:
        self.module = module
        self.action = action
        self.positional = list(positional)
        self.named = dict(named or {})
        self.empty = empty
        self.where = where

    @property
    def renders(self) -> bool:
        """Whether it needs the variables of its task."""
        return "template" in (self.module, self.action)


class Outcome:
    """What came of a call. `failure` is set when the action failed; what it changed before is kept.

    reboot: how the host is to be rebooted, as soon as what runs there has ended
    """

    def __init__(self, value: object = None, query: bool = False) -> None:
        self.value = value
        self.query = query
        self.unknown = False
        self.changes = []  # type: list[str]
        self.diffs = []  # type: list[dict[str, str]]
        self.warnings = []  # type: list[str]
        self.failure = None  # type: ActionFailed | None
        self.reboot = None  # type: dict[str, object] | None

    def plain(self) -> "dict[str, object]":
        """For the wire."""
        failure = None if self.failure is None else dict(self.failure.result, message=self.failure.message)
        return {
            "value": self.value,
            "several": isinstance(self.value, Values),
            "query": self.query,
            "unknown": self.unknown,
            "changes": self.changes,
            "diffs": self.diffs,
            "warnings": self.warnings,
            "failure": failure,
            "reboot": self.reboot,
        }

    @classmethod
    def from_plain(cls, plain: object) -> "Outcome":
        """Off the wire."""
        if not isinstance(plain, dict):
            raise ActionFailed("an outcome that is no object", kind="protocol")
        value = plain.get("value")
        if plain.get("several") is True and isinstance(value, list):
            value = Values(value)
        outcome = cls(value, bool(plain.get("query")))
        outcome.unknown = bool(plain.get("unknown"))
        outcome.changes = [str(change) for change in plain.get("changes") or []]
        outcome.diffs = [dict(diff) for diff in plain.get("diffs") or []]
        outcome.warnings = [str(text) for text in plain.get("warnings") or []]
        failure = plain.get("failure")
        if isinstance(failure, dict):
            details = {str(key): value for key, value in failure.items() if key != "message"}
            outcome.failure = ActionFailed(str(failure.get("message")), **details)
        reboot = plain.get("reboot")
        outcome.reboot = dict(reboot) if isinstance(reboot, dict) else None
        return outcome

    def without_reboot(self, why: str) -> "Outcome":
        """The same where nobody can reboot the host and go on: who wants that has failed."""
        if self.reboot is not None:
            self.reboot, self.changes, self.failure = None, [], ActionFailed(f"host.reboot: {why}")
        return self


class Report:
    """Where live output and log lines of a call go."""

    def __init__(self, output: "Callable[[str, bytes], None]", log: "Callable[[str, str], None]") -> None:
        self.output = output
        self.log = log


class Here:
    """Actions in this process. make: what they see as the host, as Host is made."""

    def __init__(
        self, catalog: "Finds", ask: "Ask", receive: "Receive", make: "Callable[..., Host]" = Host
    ) -> None:
        self._catalog = catalog
        self._make = make
        self._ask = ask
        self._receive = receive
        self._foretold = {}  # type: dict[str, object]  # by subject; one run is one Here

    def act(self, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
        """Bind and run one action. Raises Stopped; everything else is in the Outcome."""
        outcome = Outcome()
        own = {"own": settings.own} if call.renders else {}
        host = self._make(
            settings,
            token,
            lambda verb, args: self._ask(
                verb, dict(args, role=settings.role, on_behalf=settings.on_behalf, **own)
            ),
            lambda verb, args: self._receive(verb, dict(args, role=settings.role)),
            report.output,
            report.log,
        )
        host.foretold = self._foretold
        try:
            action = self._catalog.find(call.module, call.action)
            outcome.query = action.query
            arguments = action.bind(call.positional, call.named, call.empty)
            outcome.value = action.function(host, **arguments)
        except ActionFailed as error:
            outcome.failure = error
        except OSError as error:
            outcome.failure = _from_os(call, error)
        except Exception as error:  # noqa: BLE001  # a fault in an action fails its task, not the whole run
            outcome.failure = _from_fault(call, error)
        token.check()
        outcome.changes, outcome.diffs, outcome.warnings = _told(host.changes), host.diffs, host.warnings
        outcome.unknown, outcome.reboot = host.unknown, host.reboot
        return outcome

    def close(self) -> None:
        """Nothing to end: what a call starts ends with its token."""


class There:
    """Actions on the other side of a wire, whose `Served` answers."""

    def __init__(self, peer: "Callee", close: "Callable[[], None]") -> None:
        self._peer = peer
        self._numbers = itertools.count(1)
        self._reports = {}  # type: dict[int, Report]
        self.close = close

    def act(self, call: Call, settings: Settings, token: Token, report: Report, user: "str | None" = None) -> Outcome:
        """Send the call and wait for its outcome; when the token goes, the other side stops it.

        user: whom the other side shall become for it; None: as itself
        """
        token.check()
        number = next(self._numbers)
        self._reports[number] = report
        watch = token.on_stop(lambda: self._stop(number))
        try:
            plain = self._peer.call(
                "act",
                {
                    "act": number,
                    "user": user,
                    "module": call.module,
                    "action": call.action,
                    "args": call.positional,
                    "named": call.named,
                    "empty": call.empty,
                    "settings": dict(settings.plain(), own=settings.own if call.renders else {}),
                },
            )
        except ActionFailed:
            token.check()
            raise
        except WireError as error:
            token.check()
            raise ActionFailed(f"{call.module}.{call.action}: its process cannot be asked: {error}") from error
        finally:
            token.done(watch)
            del self._reports[number]
        token.check()
        return Outcome.from_plain(plain)

    def _stop(self, number: int) -> None:
        try:
            self._peer.tell("stop", {"act": number})
        except WireClosed:
            pass  # it is gone, and what it started with it

    def hear_output(self, args: "dict[str, object]") -> None:
        """Live output and log lines of a call that runs on the other side."""
        report = self._reports.get(int(str(args.get("act"))))
        if report is None:
            return
        if "level" in args:
            report.log(str(args["level"]), str(args.get("text")))
        else:
            report.output(str(args.get("stream")), str(args.get("text")).encode("utf-8", "surrogateescape"))


class Served:
    """The answering side of There. act: performs a call as a user, see attempt.py."""

    def __init__(self, act: "Act", tell: "Callable[[str, dict[str, object]], None]") -> None:
        self._act = act
        self._tell = tell
        self._tokens = {}  # type: dict[int, Token]

    def act(self, args: "dict[str, object]") -> object:
        """The verb `act`."""
        number, given, user = args.get("act"), args.get("settings") or {}, args.get("user")
        if not isinstance(number, int) or not isinstance(given, dict):
            raise ActionFailed("bad act", kind="protocol")
        call, settings = _call_of(args), Settings.from_plain(given)
        report = Report(
            lambda stream, data: self._tell(
                "output", {"act": number, "stream": stream, "text": data.decode("utf-8", "surrogateescape")}
            ),
            lambda level, text: self._tell("output", {"act": number, "level": level, "text": text}),
        )
        token = self._tokens[number] = Token()
        try:
            return self._act(None if user is None else str(user), call, settings, token, report).plain()
        except Stopped as stopped:
            raise ActionFailed(stopped.reason, kind="stopped") from stopped
        finally:
            del self._tokens[number]

    def stop(self, args: "dict[str, object]") -> None:
        """The word `stop`: the caller of one act has no more right to it."""
        token = self._tokens.get(int(str(args.get("act"))))
        if token is not None:
            token.stop("stopped by its caller")

    def stop_all(self, reason: str) -> None:
        """Nothing may go on."""
        for token in list(self._tokens.values()):
            token.stop(reason)


def _call_of(args: "dict[str, object]") -> Call:
    positional, named = args.get("args"), args.get("named")
    if not isinstance(positional, list) or not isinstance(named, dict):
        raise ActionFailed("bad act", kind="protocol")
    return Call(str(args.get("module")), str(args.get("action")), positional, named, args.get("empty") is True)


def values_of(outcome: Outcome) -> "list[object]":
    """What a call that went well returns in Lua."""
    changed = bool(outcome.changes)
    if isinstance(outcome.value, Values):
        if outcome.query:
            return list(outcome.value)
        return [dict(value, changed=changed) if isinstance(value, dict) else value for value in outcome.value]
    if outcome.query:
        return [outcome.value]
    fields = outcome.value if isinstance(outcome.value, dict) else {}
    message = str(fields.get("message") or "; ".join(outcome.changes) or "nothing to change")
    diff = "".join(diff.get("text", "") for diff in outcome.diffs)
    result = dict({"diff": diff}, **fields)
    result.update({"changed": changed, "failed": False, "success": True, "message": message})
    if outcome.unknown:
        result["unknown"] = True
    return [result, message]


def _told(changes: "list[str]") -> "list[str]":
    """Of very many the first: a report that nobody reads to its end would be too large for the wire."""
    if len(changes) <= CHANGES:
        return changes
    return [*changes[: CHANGES - 1], f"{len(changes) - CHANGES + 1} more changes"]


def _from_fault(call: Call, error: Exception) -> ActionFailed:
    import traceback

    what = f"{type(error).__name__}: {error}"
    return ActionFailed(f"{call.module}.{call.action} is at fault: {what}", traceback=traceback.format_exc())


def _from_os(call: Call, error: OSError) -> ActionFailed:
    where = f"{error.filename}: " if error.filename else ""
    hint = "; it needs become" if isinstance(error, PermissionError) else ""
    return ActionFailed(f"{call.module}.{call.action}: {where}{error.strerror or error}{hint}")
