"""State that outlives a run, and locks: kept by the controller, the same for all hosts.

Values are whatever JSON holds. Keys live in namespaces; without one it is `default`. In check mode nothing is written
and no lock is taken. State is no place for secrets: every host of every run may read it.
"""

from sloth.runtime import stored
from sloth.runtime.action import LEFT_OUT, Values, action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

SLICE = 2.0  # seconds that one question for a lock waits; then the attempt may have been stopped


@action(query=True)
def get(host: "Host", *, key: str, default: "object" = None, namespace: str = "default") -> object:
    """The value of a key, or the default.

    key: the key
    default: what comes back when there is no such key
    namespace: the namespace of the key

    example: local version = state.get("app/version", "none")
    """
    answer = stored.ask(host, "get", namespace, {"key": key})
    return answer.get("value") if answer.get("found") else default


@action(query=True)
def exists(host: "Host", *, key: str, namespace: str = "default") -> bool:
    """Whether there is a value.

    key: the key
    namespace: the namespace of the key

    example: if not state.exists("app/installed") then exec.run("install-app") end
    """
    return bool(stored.ask(host, "get", namespace, {"key": key}).get("found"))


@action(query=True, synonyms={"prefix": ("pattern",)})
def list_(host: "Host", *, prefix: str = "", namespace: str = "default") -> "dict[str, object]":
    """Keys and their values.

    prefix: what the keys begin with, or a pattern with `*`, `?` or `[…]`
    namespace: the namespace of the keys

    example: for key, value in pairs(state.list("nodes/")) do print(key, value) end
    """
    entries = stored.ask(host, "list", namespace, {"prefix": prefix}).get("entries")
    return entries if isinstance(entries, dict) else {}


@action(query=True, synonyms={"prefix": ("pattern",)})
def keys(host: "Host", *, prefix: str = "", namespace: str = "default") -> "list[str]":
    """The keys, in order.

    prefix: what the keys begin with, or a pattern with `*`, `?` or `[…]`
    namespace: the namespace of the keys

    example: print(#state.keys("nodes/*"))
    """
    entries = stored.ask(host, "list", namespace, {"prefix": prefix}).get("entries")
    return sorted(entries) if isinstance(entries, dict) else []


@action(query=True)
def stats(host: "Host") -> "dict[str, object]":
    """How much there is: keys, bytes, namespaces with the number of their keys.

    example: print(state.stats().keys)
    """
    return stored.ask(host, "stats", "default", {})


@action(synonyms={"ttl": ("expires",)})
def set_(
    host: "Host",
    *,
    key: str,
    value: object,
    ttl: "Duration | None" = None,
    namespace: str = "default",
    lock: "str | None" = None
) -> "dict[str, object]":
    """Give a key its value.

    key: the key
    value: anything that JSON holds, at most 1 MiB
    ttl: how long it lives; without it until it is deleted
    namespace: the namespace of the key
    lock: a lock that this host holds: when it was lost, nothing is changed

    example: state.set("app/version", "1.4.2")
    example: state.set { key = "token", value = { id = 7 }, ttl = "1h", namespace = "sessions" }
    """
    arguments = {"key": key, "value": value, "ttl": ttl, "lock": lock}
    return {"version": _change(host, "set", namespace, f"set {key}", arguments).get("version")}


@action
def set_with_ttl(
    host: "Host", *, key: str, value: object, ttl: "Duration", namespace: str = "default"
) -> "dict[str, object]":
    """Give a key its value for some time; `set` with a ttl.

    key: the key
    value: anything that JSON holds, at most 1 MiB
    ttl: how long it lives
    namespace: the namespace of the key

    example: state.set_with_ttl("token", "abc", 3600)
    """
    arguments = {"key": key, "value": value, "ttl": ttl}
    return {"version": _change(host, "set", namespace, f"set {key}", arguments).get("version")}


@action
def delete(host: "Host", *, key: str, namespace: str = "default", lock: "str | None" = None) -> None:
    """Remove a key.

    key: the key
    namespace: the namespace of the key
    lock: a lock that this host holds: when it was lost, nothing is changed

    example: state.delete("app/version")
    """
    _change(host, "delete", namespace, f"delete {key}", {"key": key, "lock": lock})


@action(synonyms={"prefix": ("pattern",)})
def clear(host: "Host", *, prefix: str = "", namespace: str = "default", lock: "str | None" = None) -> Values:
    """Remove all keys that begin so; how many there were.

    prefix: what the keys begin with; without it all keys of the namespace go
    namespace: the namespace of the keys
    lock: a lock that this host holds: when it was lost, nothing is changed

    example: state.clear("nodes/")
    """
    answer = _change(host, "clear", namespace, f"delete all {prefix}*", {"prefix": prefix, "lock": lock})
    return Values([answer.get("count")])


@action(synonyms={"by": ("delta", "amount")})
def incr(
    host: "Host",
    *,
    key: str,
    by: "int | float" = 1,
    ttl: "Duration | None" = None,
    namespace: str = "default",
    lock: "str | None" = None
) -> Values:
    """Add to a number, which begins as 0, and return the sum. Of many that do it at once none is lost.

    key: the key
    by: what to add; may be negative
    ttl: how long it lives from now on; without it as long as it would have
    namespace: the namespace of the key
    lock: a lock that this host holds: when it was lost, nothing is changed

    example: local build = state.incr("builds")
    """
    arguments = {"key": key, "by": by, "ttl": ttl, "lock": lock}  # type: dict[str, object]
    return Values([_change(host, "incr", namespace, f"add {by} to {key}", arguments).get("value")])


increment = incr


@action(synonyms={"by": ("delta", "amount")})
def decrement(host: "Host", *, key: str, by: "int | float" = 1, namespace: str = "default") -> Values:
    """Take from a number, which begins as 0, and return what is left.

    key: the key
    by: what to take
    namespace: the namespace of the key

    example: local free = state.decrement("slots")
    """
    answer = _change(host, "incr", namespace, f"take {by} from {key}", {"key": key, "by": -by})
    return Values([answer.get("value")])


@action(synonyms={"expected": ("old",), "value": ("new",)})
def cas(
    host: "Host",
    *,
    key: str,
    expected: "object" = None,
    value: object,
    ttl: "Duration | None" = None,
    namespace: str = "default",
    lock: "str | None" = None
) -> Values:
    """Compare and swap: give a key a new value if it has the expected one. Returns true, or false and why not.

    key: the key
    expected: the value that it must have; nil: there must be none
    value: the new value
    ttl: how long it lives; without it until it is deleted
    namespace: the namespace of the key
    lock: a lock that this host holds: when it was lost, nothing is changed

    example: if state.cas("leader", nil, inventory_hostname) then print("I lead") end
    """
    arguments = {"key": key, "expected": expected, "value": value, "ttl": ttl, "lock": lock}
    if _change(host, "cas", namespace, f"set {key}", arguments).get("changed"):
        return Values([True])
    return Values([False, f"{key} has another value"])


compare_swap = cas


@action(check=LEFT_OUT)
def lock(host: "Host", *, name: str, wait: "Duration" = 0.0, ttl: "Duration" = 60.0) -> Values:
    """Take a lock, which nobody else then has: no other host, run or person. Fails when it cannot be had.

    It is held until `unlock`, until the host's part of the run has ended well, or until nobody has heard of the run for
    the length of ttl. `state.with_lock(name, fn, wait)` holds it for the length of a function.

    name: the lock
    wait: how long to wait for it
    ttl: how long it stays ours when the run or its controller dies

    example: state.lock("deploy", "5m")
    example: state.with_lock("deploy", function() exec.run("deploy") end, "5m")
    """
    held, why = _lock(host, name, wait, ttl)
    if not held:
        raise ActionFailed(f"state.lock: {why}", kind="lock_busy")
    return Values([True])


@action(check=LEFT_OUT)
def try_lock(host: "Host", *, name: str, ttl: "Duration" = 60.0) -> Values:
    """Take a lock if it is free: true, or false and who has it.

    name: the lock
    ttl: how long it stays ours when the run or its controller dies

    example: if state.try_lock("cleanup") then exec.run("cleanup") end
    """
    held, why = _lock(host, name, 0.0, ttl)
    return Values([True] if held else [False, why])


@action(check=LEFT_OUT)
def unlock(host: "Host", *, name: str) -> Values:
    """Give back a lock that this host holds. Fails when it was lost meanwhile.

    name: the lock

    example: state.unlock("deploy")
    """
    if not host.check:
        stored.ask(host, "unlock", "default", {"name": name})
    return Values([True])


def _lock(host: "Host", name: str, wait: float, ttl: float) -> "tuple[bool, str]":
    """In check mode nobody is kept from anything."""
    if host.check:
        return True, ""
    left = wait
    while True:
        some = min(left, SLICE)
        answer = stored.ask(host, "lock", "default", {"name": name, "wait": some, "ttl": ttl})
        left -= some
        if answer.get("held") or left <= 0:
            return bool(answer.get("held")), str(answer.get("why") or "")
        host.token.check()


def _change(
    host: "Host", do: str, namespace: str, note: str, arguments: "dict[str, object]"
) -> "dict[str, object]":
    where = "state" if namespace == "default" else f"state {namespace}"
    return stored.change(host, do, namespace, f"{where}: {note}", arguments)
