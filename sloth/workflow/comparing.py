"""Comparisons that cannot hold: what a call gives is a table in `==`, where Lua goes by type.

Files of the Go tool may say `if output == ""` of what exec.run gave, which counts as a text in all else, or `if ok ==
true` of what a change gave. That is no error in Lua, only never true, so `validate` warns of it.
Names are looked at, not scopes: one that a file sets to anything else, too, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sloth.runtime.action import OF_VALUES
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import BadArguments
from sloth.workflow.literals import is_closing, is_opening
from sloth.workflow.requires import resolved
from sloth.workflow.tokens import NAME, STRING, WORD, Token, tokens

_EXEC, _CHANGE = "exec", "change"
_COMPARED = frozenset({"==", "~="})
_MADE_OF_IT = frozenset({".", ":", "[", "..", "or", "and", "==", "~="})


def warnings(sources: Mapping[str, str], place: Callable[[str], str], catalog: Catalog) -> list[str]:
    """The warnings for these files: name → text. place(where): a position as people know it."""
    found = ((name, resolved(tokens(text), {*catalog.names})) for name, text in sources.items())
    return [
        f"{place(f'{name}:{token.line}')}: {token.text} is a result, which equals {advice.format(token.text)}"
        for name, file in found
        for token, advice in _compared(file, _results(file, catalog))
    ]


def _results(file: Sequence[Token], catalog: Catalog) -> dict[str, str]:
    """Names that stand for what exec or a change gives, and for nothing else; and which of these."""
    given, others = dict[str, str](), set[str]()
    for at, token in enumerate(file):
        if token.kind != NAME or _text(file, at - 1) in {".", ":"}:
            continue
        kind = _given(file, _behind_targets(file, at), catalog) if _text(file, at + 1) in {"=", ","} else ""
        if kind:
            given[token.text] = kind if given.get(token.text, kind) == kind else _CHANGE
        elif _text(file, at + 1) == "=" or _is_declared(file, at):
            others.add(token.text)
    return {name: kind for name, kind in given.items() if name not in others}


def _behind_targets(file: Sequence[Token], at: int) -> int:
    """The place behind the = of an assignment whose first target stands here, or the end."""
    if _text(file, at - 1) in {",", "(", "{"}:
        return len(file)
    while _text(file, at + 1) == "," and file[at + 2].kind == NAME:
        at += 2
    return at + 2 if _text(file, at + 1) == "=" else len(file)


def _given(file: Sequence[Token], at: int, catalog: Catalog) -> str:
    """What the call of an action gives that stands there, if nothing is made of that."""
    module, is_called = _text(file, at), _text(file, at + 1) == "("
    opening = at + 1 if is_called else at + 3
    if _text(file, opening) not in {"(", "{"} or _text(file, _behind(file, opening)) in _MADE_OF_IT:
        return ""
    if module == _EXEC:
        return _EXEC
    return _CHANGE if not is_called and _is_change(catalog, module, _text(file, at + 2)) else ""


def _is_change(catalog: Catalog, module: str, action: str) -> bool:
    if module in OF_VALUES or module not in catalog.names:
        return False
    try:
        return not catalog.find(module, action).query
    except BadArguments:
        return False  # which is told elsewhere


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


def _compared(file: Sequence[Token], names: Mapping[str, str]) -> Iterator[tuple[Token, str]]:
    """Those of the names that are compared with a value that stands there, and what to do."""
    for at, token in enumerate(file):
        if token.kind != NAME or token.text not in names or _text(file, at - 1) in {".", ":"}:
            continue
        behind = file[at + 2] if _text(file, at + 1) in _COMPARED and at + 2 < len(file) else token
        before = file[at - 2] if _text(file, at - 1) in _COMPARED and at > 1 else token
        if names[token.text] == _EXEC and STRING in {behind.kind, before.kind}:
            yield token, "no text: compare {}.stdout"
        elif any(one.kind == WORD and one.text in {"true", "false"} for one in (behind, before)):
            yield token, "neither true nor false: compare {}.success"


def _text(file: Sequence[Token], at: int) -> str:
    """What stands there, if it is no string."""
    return file[at].text if 0 <= at < len(file) and file[at].kind != STRING else ""
