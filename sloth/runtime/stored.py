"""State as actions on a host ask the controller for it, for the modules that keep something there."""

from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

    Plain = dict[str, object]


def ask(host: "Host", do: str, namespace: str, arguments: "Plain") -> "Plain":
    """Ask one thing of the state; see engine/stateful.py for what there is."""
    answer = host.ask("state", dict(arguments, do=do, namespace=namespace))
    if not isinstance(answer, dict):
        raise ActionFailed("state: the controller's answer is not understood")
    return answer


def change(host: "Host", do: str, namespace: str, note: str, arguments: "Plain") -> "Plain":
    """Change something there, or in check mode only hear what would change. note: what a person reads of it."""
    host.token.check()
    answer = ask(host, do, namespace, dict(arguments, check=host.check))
    if answer.get("changed"):
        host.changes.append(note)
    return answer
