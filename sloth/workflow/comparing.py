"""Comparisons that cannot hold: what exec.run gives counts as a text in all but `==`, where Lua goes by type.

Files of the Go tool may say `if output == ""`. That is no error in Lua, only never true, so `validate` warns of it.
Names are looked at, not scopes: one that a file sets to anything else, too, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sloth.workflow.literals import is_closing, is_opening
from sloth.workflow.tokens import NAME, STRING, WORD, Token, tokens

_EXEC = frozenset({"run", "check", "sh", "command", "script"})
_COMPARED = frozenset({"==", "~="})
_MADE_OF_IT = frozenset({".", ":", "[", "..", "or", "and", "==", "~="})


def warnings(sources: Mapping[str, str], place: Callable[[str], str]) -> list[str]:
    """The warnings for these files: name → text. place(where): a position as people know it."""
    found = ((name, tokens(text)) for name, text in sources.items())
    return [
        f"{place(f'{name}:{token.line}')}: {token.text} is a result, which equals no text: compare {token.text}.stdout"
        for name, file in found
        for token in _compared(file, _results(file))
    ]


def _results(file: Sequence[Token]) -> set[str]:
    """Names that stand for what exec gives, and for nothing else."""
    given, others = set[str](), set[str]()
    for at, token in enumerate(file):
        if token.kind != NAME or _text(file, at - 1) in {".", ":"}:
            continue
        if _text(file, at + 1) in {"=", ","} and _is_exec(file, _behind_targets(file, at)):
            given.add(token.text)
        elif _text(file, at + 1) == "=" or _is_declared(file, at):
            others.add(token.text)
    return given - others


def _behind_targets(file: Sequence[Token], at: int) -> int:
    """The place behind the = of an assignment whose first target stands here, or the end."""
    if _text(file, at - 1) in {",", "(", "{"}:
        return len(file)
    while _text(file, at + 1) == "," and file[at + 2].kind == NAME:
        at += 2
    return at + 2 if _text(file, at + 1) == "=" else len(file)


def _is_exec(file: Sequence[Token], at: int) -> bool:
    """Whether a call of exec stands there, and nothing is made of what it gives."""
    if _text(file, at) != "exec":
        return False
    opening = at + 1 if _text(file, at + 1) == "(" else at + 3
    if opening == at + 3 and (_text(file, at + 2) not in _EXEC or _text(file, opening) not in {"(", "{"}):
        return False
    return _text(file, _behind(file, opening)) not in _MADE_OF_IT


def _behind(file: Sequence[Token], opening: int) -> int:
    """The place behind the bracket that closes this one."""
    depth = 0
    for at in range(opening, len(file)):
        depth += is_opening(file[at]) - is_closing(file[at])
        if depth == 0:
            return at + 1
    return len(file)


def _is_declared(file: Sequence[Token], at: int) -> bool:
    """Whether a name is a parameter, a loop's variable, or one of several that something else sets."""
    if _text(file, at + 1) not in {",", ")", "in"}:
        return _text(file, at - 1) in {"local", ","} and file[at - 1].kind in {WORD, "sign"}
    while at and (file[at].kind == NAME or file[at].text == ","):
        at -= 1
    return file[at].text == "for" or (file[at].text == "(" and _is_function(file, at))


def _is_function(file: Sequence[Token], at: int) -> bool:
    """Whether a parenthesis opens the parameters of a function."""
    at -= 1
    while at > 0 and (file[at].kind == NAME or file[at].text in {".", ":"}):
        at -= 1
    return file[at].text == "function"


def _compared(file: Sequence[Token], names: set[str]) -> Iterator[Token]:
    """Those of the names that are compared with a text that stands there."""
    for at, token in enumerate(file):
        if token.kind != NAME or token.text not in names or _text(file, at - 1) in {".", ":"}:
            continue
        behind = _text(file, at + 1) in _COMPARED and at + 2 < len(file) and file[at + 2].kind == STRING
        before = at > 1 and _text(file, at - 1) in _COMPARED and file[at - 2].kind == STRING
        if behind or before:
            yield token


def _text(file: Sequence[Token], at: int) -> str:
    """What stands there, if it is no string."""
    return file[at].text if 0 <= at < len(file) and file[at].kind != STRING else ""
