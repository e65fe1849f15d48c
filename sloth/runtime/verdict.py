"""How a task, or one attempt of it, ended; and how what its function returns is read."""

from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua.vm import LuaError

MYPY = False
if MYPY:
    Plain = dict[str, object]

_SAID = ("exit_code", "stdout", "stderr")  # of a command, where the task returned what came of one
BLOCKING = ("failed", "timed_out", "cancelled")


class Verdict:
    """A status, a message and what belongs to it. `said`: what the task itself says of whether it changed anything."""

    def __init__(
        self, status: str, message: str = "", failure: "Plain | None" = None, outputs: "Plain | None" = None
    ) -> None:
        self.status = status
        self.message = message
        self.failure = failure or {}
        self.outputs = outputs or {}
        self.said = None  # type: object

    @property
    def success(self) -> bool:
        """Whether what depends on it may go on."""
        return self.status not in BLOCKING

    def fail(self, message: str) -> "Verdict":
        """The same outputs with another end."""
        return Verdict("failed", message, {"error": message}, self.outputs)


def judge(values: "list[object]") -> Verdict:
    """The return conventions of the language: ok, message, outputs; or one table; or nothing.

    A success is "ok" here; whether it changed something is for the attempt to say.
    """
    first = values[0] if values else None
    message = _text(values[1]) if len(values) > 1 else ""
    outputs = next((value for value in values[2:0:-1] if isinstance(value, dict)), {})
    if isinstance(first, dict):
        outputs = dict(first)
        first = not (outputs.pop("failed", False) or outputs.get("success") is False)
        message = str(outputs.pop("message", message) or "") or ("" if first else _why(outputs))
    elif isinstance(first, str):
        message = first
    if first is False or (first is None and message):
        message = message or _why(outputs)
        said = {name: outputs[name] for name in _SAID if name in outputs}
        return Verdict("failed", message or "the task returned false", dict(said, error=message), outputs)
    verdict = Verdict("ok", message, None, outputs)
    verdict.said = outputs.get("changed")
    return verdict


def _why(outputs: "Plain") -> str:
    """Under which other names people tell why something failed."""
    return next((said for said in map(outputs.get, ("message", "error", "msg", "err")) if isinstance(said, str)), "")


def _text(value: object) -> str:
    """A text, or a number as one; nothing of anything else."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def failed(error: "ActionFailed | LuaError") -> Verdict:
    """What an error of an action or of Lua means for the task that it ended."""
    if isinstance(error, ActionFailed):
        return Verdict("failed", error.message, dict(error.result, error=error.message))
    return Verdict("failed", error.text, dict(error.result, error=error.text, where=error.where))


def at_fault(error: Exception) -> Verdict:
    """What a fault of ours means for the task that it ended."""
    import traceback

    text = f"a fault of sloth: {type(error).__name__}: {error}"
    return Verdict("failed", text, {"error": text, "traceback": traceback.format_exc()})
