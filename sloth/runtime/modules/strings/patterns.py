"""Texts and regular expressions."""

import re

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def matches(host: "Host", *, text: str, pattern: str) -> bool:
    """Whether a regular expression (Python's) is found in the text.

    text: the text
    pattern: the regular expression

    example: if strings.matches(version, [[^1\\.\\d+]]) then return true end
    """
    return re.search(_pattern(pattern), text) is not None


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


def _pattern(pattern: str) -> "re.Pattern[str]":
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ActionFailed(f"strings: {pattern!r} is no regular expression: {error}") from error
