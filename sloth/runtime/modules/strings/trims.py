"""A part of a text: without what is at its ends, cut to a width, from one character to another."""

from sloth.runtime.action import action

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def trim(host: "Host", *, text: str, characters: "str | None" = None) -> str:
    """The text without what stands at both of its ends.

    text: the text
    characters: what to cut off; without it white space

    example: local line = strings.trim("  x \\n")
    """
    return text.strip(characters)


@action(query=True)
def trim_left(host: "Host", *, text: str, characters: "str | None" = None) -> str:
    """The text without what stands at its start.

    text: the text
    characters: what to cut off; without it white space

    example: local line = strings.trim_left("  x")
    """
    return text.lstrip(characters)


@action(query=True)
def trim_right(host: "Host", *, text: str, characters: "str | None" = None) -> str:
    """The text without what stands at its end.

    text: the text
    characters: what to cut off; without it white space

    example: local line = strings.trim_right("x  ")
    """
    return text.rstrip(characters)


@action(query=True)
def trim_prefix(host: "Host", *, text: str, prefix: str) -> str:
    """The text without this start, if it has it.

    text: the text
    prefix: the start

    example: local version = strings.trim_prefix("v1.2", "v")
    """
    return text[len(prefix) :] if text.startswith(prefix) else text


@action(query=True)
def trim_suffix(host: "Host", *, text: str, suffix: str) -> str:
    """The text without this end, if it has it.

    text: the text
    suffix: the end

    example: local name = strings.trim_suffix("site.conf", ".conf")
    """
    return text[: len(text) - len(suffix)] if text.endswith(suffix) else text


@action(query=True)
def truncate(host: "Host", *, text: str, width: int, end: str = "…") -> str:
    """The text, cut where it is too long.

    text: the text
    width: how many characters it may have
    end: what stands for the rest

    example: log.info(strings.truncate(answer.stdout, 80))
    """
    if len(text) <= width:
        return text
    return text[: max(width - len(end), 0)] + end[:width]


@action(query=True)
def substring(host: "Host", *, text: str, first: int, last: "int | None" = None) -> str:
    """A part of the text.

    text: the text
    first: the number of its first character, from 1
    last: the number of its last; without it the end

    example: local start = strings.substring("Grüße", 1, 3)
    """
    return text[max(first - 1, 0) : last]
