"""The same words with other letters, and as names: large, small, `one_name`, `one-name`."""

import re

from sloth.runtime.action import action

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


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
def slug(host: "Host", *, text: str) -> str:
    """The text as a name for paths and addresses: small letters, digits and hyphens.

    text: the text

    example: local name = strings.slug("My first Site!")
    """
    return re.sub(r"[^a-z0-9]+", "-", _plain(text)).strip("-")


def _parts(text: str) -> "list[str]":
    """The words of a name in any of these cases."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", text)]


def _plain(text: str) -> str:
    """In small letters, without accents."""
    import unicodedata

    return "".join(one for one in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(one))
