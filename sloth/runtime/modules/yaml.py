"""YAML: tables as text, and back; the controller does it. Needs no host: also at the top level of a file."""

from sloth.runtime import formats
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def encode(host: "Host", *, value: object = None) -> str:
    """A value as YAML, its keys sorted.

    value: what to write

    example: file_ops.copy { content = yaml.encode({ port = 8080 }), dest = "/etc/app.yaml" }
    """
    return str(formats.convert(host, "yaml", value=value))


pretty = encode


@action(query=True)
def decode(host: "Host", *, text: str) -> object:
    """The value of a YAML text, or nil and what is wrong with it.

    text: the YAML, of at most 1 MiB

    example: local settings = yaml.decode(fs.read("/etc/app.yaml"))
    """
    return formats.convert(host, "yaml", text=text)


@action(query=True)
def validate(host: "Host", *, text: str) -> bool:
    """Whether a text is YAML.

    text: what may be YAML

    example: assert(yaml.validate(fs.read("/etc/app.yaml")), "app.yaml is damaged")
    """
    try:
        formats.convert(host, "yaml", text=text)
    except ActionFailed:
        return False
    return True
