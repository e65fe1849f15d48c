"""TOML: tables as text, and back; the controller does it. Needs no host: also at the top level of a file."""

from sloth.runtime import formats
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def encode(host: "Host", *, value: object = None) -> str:
    """A value as TOML, its keys sorted.

    value: what to write; a table with names

    example: file_ops.copy { content = toml.encode({ port = 8080 }), dest = "/etc/app.toml" }
    """
    return str(formats.convert(host, "toml", value=value))


pretty = encode


@action(query=True)
def decode(host: "Host", *, text: str) -> object:
    """The value of a TOML text, or nil and what is wrong with it.

    text: the TOML, of at most 1 MiB

    example: local settings = toml.decode(fs.read("/etc/app.toml"))
    """
    return formats.convert(host, "toml", text=text)


@action(query=True)
def validate(host: "Host", *, text: str) -> bool:
    """Whether a text is TOML.

    text: what may be TOML

    example: assert(toml.validate(fs.read("/etc/app.toml")), "app.toml is damaged")
    """
    try:
        formats.convert(host, "toml", text=text)
    except ActionFailed:
        return False
    return True
