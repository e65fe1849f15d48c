"""Calls of modules that need no host: at the top level of a file they are made at once, wherever it is evaluated."""

from sloth.runtime.acting import Call, Report, values_of
from sloth.runtime.failure import BadArguments
from sloth.runtime.host import Settings
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from sloth.runtime.acting import Act

    Plain = dict[str, object]


def answer(act: "Act", request: "Plain") -> "list[object]":
    """The values that such a call returns in Lua. BadArguments when it makes no sense."""
    args, named = request["args"], request["named"]
    assert isinstance(args, list) and isinstance(named, dict)  # the prelude writes nothing else
    positional = [*args, named] if named else args
    call = Call(str(request["module"]), str(request["action"]), positional, {}, request.get("empty") is True)
    outcome = act(None, call, Settings(), Token(), Report(lambda *_: None, lambda *_: None))
    if outcome.failure is None:
        return values_of(outcome)
    if isinstance(outcome.failure, BadArguments):
        raise outcome.failure
    return [None, outcome.failure.message]
