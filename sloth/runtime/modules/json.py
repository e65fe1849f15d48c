"""JSON: tables as text, and back. Needs no host: also at the top level of a file."""

from sloth.runtime import formats
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def encode(host: "Host", *, value: object = None) -> str:
    """A value as JSON on one line, its keys sorted. An empty table is `{}`.

    value: what to write

    example: local text = json.encode({ port = 8080, names = { "a", "b" } })
    """
    return formats.to_json(value)


@action(query=True)
def decode(host: "Host", *, text: str) -> object:
    """The value of a JSON text, or nil and what is wrong with it.

    text: the JSON

    example: local status = json.decode(exec.run("lsblk --json"))
    """
    return formats.from_json(text)


@action(query=True)
def pretty(host: "Host", *, value: object = None, indent: int = 2) -> str:
    """A value as JSON on several lines, its keys sorted.

    value: what to write
    indent: the spaces of a level

    example: file_ops.copy { content = json.pretty(settings) .. "\\n", dest = "/etc/app.json" }
    """
    return formats.to_json(value, indent)


@action(query=True)
def validate(host: "Host", *, text: str) -> bool:
    """Whether a text is JSON.

    text: what may be JSON

    example: assert(json.validate(fs.read("/etc/app.json")), "app.json is damaged")
    """
    try:
        formats.from_json(text)
    except ActionFailed:
        return False
    return True
