"""What a workflow keeps up, and remembers from run to run: its name, its outputs, the resources that it has made.

A stack is called as `stack("name")` in the file says, or else as the workflow. What is kept of it lies in the state, in
the namespace `stacks/NAME`, where `sloth state list` and other workflows read it. In check mode nothing is written.
"""

from sloth.runtime import stored
from sloth.runtime.action import Values, action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

    Plain = dict[str, object]

TRIES = 20  # at a resource that many hosts update at once


@action(query=True)
def get_name(host: "Host") -> str:
    """What the stack is called.

    example: print(stack.get_name())
    """
    return str(_asked(host)["name"])


@action(query=True)
def get_id(host: "Host") -> str:
    """What names the stack in other systems: a UUID, the same for every stack of this name.

    example: local tag = stack.get_id()
    """
    return str(_asked(host)["id"])


@action(query=True)
def get_status(host: "Host") -> str:
    """How the last run before this one ended: `succeeded` or `failed`; `new` when there was none.

    example: if stack.get_status() == "failed" then log.warn("the last run failed") end
    """
    return str(_asked(host)["status"])


@action(synonyms={"name": ("key",)})
def set_output(host: "Host", *, name: str, value: object) -> None:
    """Keep an output of the stack.

    name: the output
    value: anything that JSON holds, at most 1 MiB

    example: stack.set_output("url", "https://example.org")
    """
    stored.change(
        host, "set", _namespace(host), f"stack: output {name}", {"key": f"outputs/{name}", "value": value}
    )


@action(query=True, synonyms={"name": ("key",)})
def get_output(host: "Host", *, name: str, default: "object" = None) -> object:
    """An output of the stack, of this run or an earlier one.

    name: the output
    default: what comes back when there is none

    example: local url = stack.get_output("url", "nowhere")
    """
    answer = stored.ask(host, "get", _namespace(host), {"key": f"outputs/{name}"})
    return answer.get("value") if answer.get("found") else default


@action(synonyms={"type": ("kind",), "properties": ("props", "attributes")})
def register_resource(
    host: "Host",
    *,
    type: str,  # noqa: A002  # the name that users write
    name: str,
    properties: "dict[str, object] | None" = None
) -> "dict[str, object]":
    """Remember something that the stack has made, in place of what was remembered of it.

    type: what kind of thing it is
    name: its name, among those of its kind
    properties: what there is to know of it

    example: stack.register_resource("database", "orders", { host = "db1", port = 5432 })
    """
    known = properties or {}
    stored.change(host, "set", _namespace(host), f"stack: {type} {name}", {"key": _key(type, name), "value": known})
    return {"type": type, "name": name, "properties": known}


@action(query=True, synonyms={"type": ("kind",)})
def get_resource(
    host: "Host",
    *,
    type: str,  # noqa: A002  # the name that users write
    name: str
) -> Values:
    """What is remembered of a resource: its type, name and properties; or nil, and why.

    type: what kind of thing it is
    name: its name, among those of its kind

    example: local db = stack.get_resource("database", "orders")
    """
    found = _properties(host, type, name)
    if found is None:
        return Values([None, f"the stack has no {type} {name!r}"])
    return Values([{"type": type, "name": name, "properties": found}])


@action(query=True, synonyms={"type": ("kind",)})
def resource_exists(
    host: "Host",
    *,
    type: str,  # noqa: A002  # the name that users write
    name: str
) -> bool:
    """Whether the stack remembers a resource. Whether the thing itself is there, is for other modules to find out.

    type: what kind of thing it is
    name: its name, among those of its kind

    example: if not stack.resource_exists("database", "orders") then exec.run("createdb orders") end
    """
    return _properties(host, type, name) is not None


@action(synonyms={"type": ("kind",), "properties": ("props", "attributes")})
def update_resource(
    host: "Host",
    *,
    type: str,  # noqa: A002  # the name that users write
    name: str,
    properties: "dict[str, object]"
) -> "dict[str, object]":
    """Put properties among those of a resource that the stack remembers. Fails when it remembers none.

    type: what kind of thing it is
    name: its name, among those of its kind
    properties: those that are new, or not what they were; the others stay

    example: stack.update_resource("database", "orders", { port = 5433 })
    """
    for _ in range(TRIES):
        there = _properties(host, type, name)
        if there is None:
            raise ActionFailed(
                f"stack.update_resource: the stack has no {type} {name!r}; register_resource makes it known"
            )
        wanted = dict(there, **properties)
        result = {"type": type, "name": name, "properties": wanted}  # type: Plain
        if wanted == there:
            return result
        arguments = {"key": _key(type, name), "expected": there, "value": wanted}  # type: Plain
        if stored.change(host, "cas", _namespace(host), f"stack: {type} {name}", arguments).get("changed"):
            return result
    raise ActionFailed(f"stack.update_resource: others change {type} {name!r} all the time")


@action(synonyms={"type": ("kind",)})
def delete_resource(
    host: "Host",
    *,
    type: str,  # noqa: A002  # the name that users write
    name: str
) -> Values:
    """Forget a resource; whether there was one. The thing itself stays.

    type: what kind of thing it is
    name: its name, among those of its kind

    example: stack.delete_resource("database", "orders")
    """
    answer = stored.change(host, "delete", _namespace(host), f"stack: no {type} {name}", {"key": _key(type, name)})
    return Values([bool(answer.get("changed"))])


def _properties(host: "Host", kind: str, name: str) -> "Plain | None":
    answer = stored.ask(host, "get", _namespace(host), {"key": _key(kind, name)})
    found = answer.get("value")
    return found if answer.get("found") and isinstance(found, dict) else None


def _key(kind: str, name: str) -> str:
    if not kind or "/" in kind or not name:
        raise ActionFailed(f"stack: a resource has a type without `/` and a name, got {kind!r} and {name!r}")
    return f"resources/{kind}/{name}"


def _namespace(host: "Host") -> str:
    return f"stacks/{get_name(host)}"


def _asked(host: "Host") -> "Plain":
    return stored.ask(host, "stack", "", {})
