"""What can be told of a text: how it begins and ends, what is in it, how long it is."""

from sloth.runtime.action import action

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def starts_with(host: "Host", *, text: str, prefix: str) -> bool:
    """Whether the text begins with another.

    text: the text
    prefix: the other text

    example: if strings.starts_with(line, "#") then return end
    """
    return text.startswith(prefix)


@action(query=True)
def ends_with(host: "Host", *, text: str, suffix: str) -> bool:
    """Whether the text ends with another.

    text: the text
    suffix: the other text

    example: if strings.ends_with(path, ".gz") then return end
    """
    return text.endswith(suffix)


@action(query=True)
def contains(host: "Host", *, text: str, part: str) -> bool:
    """Whether another text is in it.

    text: the text
    part: the other text

    example: if strings.contains(answer, "ready") then return true end
    """
    return part in text


@action(query=True)
def count(host: "Host", *, text: str, part: str) -> int:
    """How often another text is in it.

    text: the text
    part: the other text

    example: local lines = strings.count(text, "\\n")
    """
    return text.count(part)


@action(query=True)
def index(host: "Host", *, text: str, part: str) -> "int | None":
    """Where another text begins in it, from 1; nil if it is not there.

    text: the text
    part: the other text

    example: local at = strings.index("key=value", "=")
    """
    return text.find(part) + 1 or None


@action(query=True)
def length(host: "Host", *, text: str) -> int:
    """How many characters the text has.

    text: the text

    example: local n = strings.length("Grüße")
    """
    return len(text)


@action(query=True)
def is_empty(host: "Host", *, text: str) -> bool:
    """Whether nothing but white space is in the text.

    text: the text

    example: if strings.is_empty(answer.stdout) then return end
    """
    return not text.strip()
