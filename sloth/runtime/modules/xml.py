"""XML: elements as text, and back. Needs no host: also at the top level of a file."""

from sloth.runtime import formats
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def encode(host: "Host", *, element: "dict[str, object]") -> str:
    """An element and all that is in it as text.

    element: a table of name, attributes, text, children; all but the name may be missing

    example: local text = xml.encode({ name = "server", attributes = { port = 8080 } })
    """
    return formats.to_xml(element)


pretty = encode


@action(query=True)
def decode(host: "Host", *, text: str) -> "dict[str, object]":
    """The element of an XML text, or nil and what is wrong with it. Texts with a document type are not read.

    text: the XML

    example: for _, child in ipairs(xml.decode(fs.read("pom.xml")).children) do print(child.name, child.text) end
    """
    return formats.from_xml(text)


@action(query=True)
def validate(host: "Host", *, text: str) -> bool:
    """Whether a text is XML that can be read.

    text: what may be XML

    example: assert(xml.validate(fs.read("/etc/app.xml")), "app.xml is damaged")
    """
    try:
        formats.from_xml(text)
    except ActionFailed:
        return False
    return True
