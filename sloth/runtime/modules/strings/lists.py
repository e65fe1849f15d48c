"""From a text to a list of texts, and back."""

from sloth.runtime.action import action

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def lines(host: "Host", *, text: str) -> "list[str]":
    """The lines of the text, without their ends.

    text: the text

    example: for _, line in ipairs(strings.lines(text)) do print(line) end
    """
    return text.splitlines()


@action(query=True)
def words(host: "Host", *, text: str) -> "list[str]":
    """The words of the text: what stands between white space.

    text: the text

    example: local first = strings.words(line)[1]
    """
    return text.split()


@action(query=True)
def split(host: "Host", *, text: str, separator: str = ",", limit: int = -1) -> "list[str]":
    """The parts of the text between separators.

    text: the text
    separator: what stands between
    limit: how often to cut at most; without it everywhere

    example: local name, value = table.unpack(strings.split("a=1", "=", 1))
    """
    if not separator:
        return list(text)
    return text.split(separator, limit)


@action(query=True)
def join(host: "Host", *, items: "list[str]", separator: str = ",") -> str:
    """Several texts as one.

    items: the texts
    separator: what to put between

    example: local line = strings.join({ "a", "b" }, ", ")
    """
    return separator.join(items)
