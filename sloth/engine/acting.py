"""One action on a host, asked for by the run itself."""

from __future__ import annotations

from sloth.engine.terms import Session
from sloth.runtime.acting import Outcome

_NUMBER = -1  # of the call; those of tasks count from 1


def act(session: Session, action: str, *args: object, user: str | None = None) -> object:
    """What an action (`module.action`) on a host gives. Raises ActionFailed, or ConnectionLost when the host is gone.

    user: whom to become for it
    """
    module, _, name = action.partition(".")
    asked: dict[str, object] = {"act": _NUMBER, "user": user, "module": module, "action": name}
    asked |= {"args": list(args), "named": {}}
    outcome = Outcome.from_plain(session.call("act", asked))
    if outcome.failure is not None:
        raise outcome.failure
    return outcome.value
