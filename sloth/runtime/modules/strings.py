"""Texts: cut, joined, padded, compared. Needs no host: also at the top level of a file.

Lua's own string library counts bytes; these know characters.
"""

import re

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_LIMIT = 1 << 20  # characters that a text may be made to have


@action(query=True)
def upper(host: "Host", *, text: str) -> str:
    """The text in capital letters.

    text: the text

    example: local name = strings.upper("web")
    """
    return text.upper()


@action(query=True)
def lower(host: "Host", *, text: str) -> str:
    """The text in small letters.

    text: the text

    example: local name = strings.lower("WEB")
    """
    return text.lower()


@action(query=True)
def title(host: "Host", *, text: str) -> str:
    """The text with a capital letter at the start of each word.

    text: the text

    example: local name = strings.title("front page")
    """
    return text.title()


@action(query=True)
def capitalize(host: "Host", *, text: str) -> str:
    """The text with a capital letter at its start; the rest as it is.

    text: the text

    example: local name = strings.capitalize("front page")
    """
    return text[:1].upper() + text[1:]


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
def reverse(host: "Host", *, text: str) -> str:
    """The text from its end to its start.

    text: the text

    example: local back = strings.reverse("abc")
    """
    return text[::-1]


@action(query=True)
def is_empty(host: "Host", *, text: str) -> bool:
    """Whether nothing but white space is in the text.

    text: the text

    example: if strings.is_empty(answer.stdout) then return end
    """
    return not text.strip()


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
def substring(host: "Host", *, text: str, first: int, last: "int | None" = None) -> str:
    """A part of the text.

    text: the text
    first: the number of its first character, from 1
    last: the number of its last; without it the end

    example: local start = strings.substring("Grüße", 1, 3)
    """
    return text[max(first - 1, 0) : last]


@action(query=True)
def indent(host: "Host", *, text: str, spaces: int = 2) -> str:
    """The text with spaces before each of its lines that has something in it.

    text: the text
    spaces: how many

    example: local block = strings.indent(text, 4)
    """
    return re.sub(r"(?m)^(?=.*\S)", " " * _width(spaces), text)


@action(query=True)
def quote(host: "Host", *, text: str) -> str:
    """The text in quotes as a POSIX shell reads it.

    text: the text

    example: local line = "ls " .. strings.quote(path)
    """
    return "'" + text.replace("'", "'\"'\"'") + "'"


@action(query=True)
def slug(host: "Host", *, text: str) -> str:
    """The text as a name for paths and addresses: small letters, digits and hyphens.

    text: the text

    example: local name = strings.slug("My first Site!")
    """
    return re.sub(r"[^a-z0-9]+", "-", _plain(text)).strip("-")


@action(query=True)
def snake_case(host: "Host", *, text: str) -> str:
    """The words of the text as `one_name`.

    text: the text

    example: local name = strings.snake_case("maxOpenFiles")
    """
    return "_".join(_parts(text))


@action(query=True)
def kebab_case(host: "Host", *, text: str) -> str:
    """The words of the text as `one-name`.

    text: the text

    example: local name = strings.kebab_case("maxOpenFiles")
    """
    return "-".join(_parts(text))


@action(query=True)
def camel_case(host: "Host", *, text: str) -> str:
    """The words of the text as `oneName`.

    text: the text

    example: local name = strings.camel_case("max_open_files")
    """
    return "".join(part.title() if i else part for i, part in enumerate(_parts(text)))


@action(query=True)
def matches(host: "Host", *, text: str, pattern: str) -> bool:
    """Whether a regular expression (Python's) is found in the text.

    text: the text
    pattern: the regular expression

    example: if strings.matches(version, [[^1\\.\\d+]]) then return true end
    """
    return re.search(_pattern(pattern), text) is not None


@action(query=True)
def pad_left(host: "Host", *, text: str, width: int, fill: str = " ") -> str:
    """The text with enough before it to be that wide.

    text: the text
    width: how many characters it shall have at least
    fill: what to fill up with

    example: print(strings.pad_left("web", 10))
    """
    return text.rjust(_width(width), _one(fill))


@action(query=True)
def pad_right(host: "Host", *, text: str, width: int, fill: str = " ") -> str:
    """The text with enough behind it to be that wide.

    text: the text
    width: how many characters it shall have at least
    fill: what to fill up with

    example: print(strings.pad_right("web", 10))
    """
    return text.ljust(_width(width), _one(fill))


@action(query=True)
def center(host: "Host", *, text: str, width: int, fill: str = " ") -> str:
    """The text in the middle of that width.

    text: the text
    width: how many characters it shall have at least
    fill: what to fill up with

    example: print(strings.center("web", 10))
    """
    return text.center(_width(width), _one(fill))


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
def replace(host: "Host", *, text: str, old: str, new: str, count: int = -1) -> str:
    """The text with another in the place of a part, as it is written: no pattern.

    text: the text
    old: what to take out
    new: what to put there
    count: how often at most; without it everywhere

    example: local path = strings.replace(path, "/", "-")
    """
    return text.replace(old, new, count)


@action(query=True)
def replace_pattern(host: "Host", *, text: str, pattern: str, new: str) -> str:
    """The text with another in the place of what a regular expression (Python's) finds.

    text: the text
    pattern: the regular expression
    new: what to put there; \\\\1 is its first group

    example: local v = strings.replace_pattern(v, [[-rc\\d+$]], "")
    """
    try:
        return re.sub(_pattern(pattern), new, text)
    except (re.error, IndexError) as error:
        raise ActionFailed(f"strings.replace_pattern: {new!r}: {error}") from error


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


@action(query=True)
def rep(host: "Host", *, text: str, count: int) -> str:
    """The text several times.

    text: the text
    count: how often

    example: print(strings.rep("-", 40))
    """
    if len(text) * count > _LIMIT:
        raise ActionFailed(f"strings.rep: that would be {len(text) * count} characters")
    return text * count


def _width(number: int) -> int:
    if number > _LIMIT:
        raise ActionFailed(f"strings: a width of {number} characters")
    return number


def _one(fill: str) -> str:
    if len(fill) != 1:
        raise ActionFailed(f"strings: fill is one character, not {fill!r}")
    return fill


def _pattern(pattern: str) -> "re.Pattern[str]":
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ActionFailed(f"strings: {pattern!r} is no regular expression: {error}") from error


def _plain(text: str) -> str:
    """In small letters, without accents."""
    import unicodedata

    return "".join(one for one in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(one))


def _parts(text: str) -> "list[str]":
    """The words of a name in any of these cases."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", text)]
