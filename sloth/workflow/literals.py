"""What stands in a call, read off its tokens: values as far as they are literal, and a mark where they are not."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from sloth.workflow.tokens import NAME, NUMBER, SIGN, STRING, WORD, Token

OPEN = {"(": ")", "{": "}", "[": "]"}
_BLOCKS = frozenset({"function", "if", "do", "repeat"})
_ENDS = frozenset({"end", "until"})
_CONSTANTS = {"true": True, "false": False, "nil": None}


class Unknown:
    """A value that only a run can tell."""


UNKNOWN = Unknown()


class Table(Struct):
    """A table constructor. is_open: it holds more than its text tells."""

    items: list[object] = field(default_factory=list)
    named: dict[str, object] = field(default_factory=dict)
    is_open: bool = False

    def plain(self) -> object:
        """As a list or a dict; UNKNOWN when it is neither."""
        if self.is_open or (self.items and self.named):
            return UNKNOWN
        return [_plain(item) for item in self.items] or {name: _plain(value) for name, value in self.named.items()}


def _plain(value: object) -> object:
    return value.plain() if isinstance(value, Table) else value


def is_known(value: object) -> bool:
    """Whether nothing in a plain value is UNKNOWN."""
    if isinstance(value, list):
        return all(map(is_known, value))
    if isinstance(value, dict):
        return all(map(is_known, value.values()))
    return value is not UNKNOWN


def call(tokens: Sequence[Token], place: int) -> list[object] | None:
    """The arguments of the call that opens at `place`; None when nobody can tell how many there are."""
    first = tokens[place]
    if first.kind == STRING:
        return [first.text]
    if first.text == "{":
        return [_table(tokens, place)[0]]
    values: list[object] = []
    place += 1
    while tokens[place].text != ")" or tokens[place].kind != SIGN:
        value, after = _value(tokens, place)
        if value is UNKNOWN and tokens[after].text == ")" and _may_be_several(tokens, place, after):
            return None
        values.append(value)
        place = after + (tokens[after].text == ",")
    return values


def _value(tokens: Sequence[Token], place: int) -> tuple[object, int]:
    """The value that begins at `place`, and where it ends: at a comma or what closes around it."""
    end = _end(tokens, place)
    first = tokens[place]
    if first.text == "{" and first.kind == SIGN:
        table, after = _table(tokens, place)
        return (table if after == end else UNKNOWN), end
    minus = first.text == "-" and tokens[place + 1].kind == NUMBER
    if end != place + 1 + minus:
        return UNKNOWN, end
    if first.kind == STRING:
        return first.text, end
    if first.kind == WORD and first.text in _CONSTANTS:
        return _CONSTANTS[first.text], end
    if minus or first.kind == NUMBER:
        return _number(tokens[end - 1].text, negative=minus), end
    return UNKNOWN, end


def _number(text: str, *, negative: bool) -> object:
    try:
        value: float = int(text, 0) if text.lower().startswith("0x") else int(text)
    except ValueError:
        try:
            value = float(text)
        except ValueError:
            return UNKNOWN
    return -value if negative else value


def _table(tokens: Sequence[Token], place: int) -> tuple[Table, int]:
    """The table that opens at `place`, and where what follows begins."""
    table = Table()
    place += 1
    while not (tokens[place].kind == SIGN and tokens[place].text == "}"):
        if tokens[place].kind == NAME and tokens[place + 1].text == "=" and tokens[place + 1].kind == SIGN:
            table.named[tokens[place].text], after = _value(tokens, place + 2)
        elif tokens[place].text == "[" and tokens[place].kind == SIGN:
            if tokens[place + 1].kind == STRING and tokens[place + 2].text == "]":
                table.named[tokens[place + 1].text], after = _value(tokens, place + 4)
            else:
                table.is_open, after = True, _end(tokens, place)
        else:
            value, after = _value(tokens, place)
            table.items.append(value)
            if value is UNKNOWN and tokens[after].text == "}" and _may_be_several(tokens, place, after):
                table.is_open = True
        place = after + (tokens[after].kind == SIGN and tokens[after].text in {",", ";"})
    return table, place + 1


def _may_be_several(tokens: Sequence[Token], place: int, end: int) -> bool:
    """Whether an expression may give several values, or none: a call, or `…`."""
    return tokens[end - 1].text in {")", "}", "..."} or tokens[end - 1].kind == STRING or place == end


def _end(tokens: Sequence[Token], place: int) -> int:
    """Where the expression at `place` ends: at the comma, semicolon or bracket that is not inside of it."""
    depth = 0
    while True:
        token = tokens[place]
        if is_opening(token):
            depth += 1
        elif is_closing(token):
            if depth == 0:
                return place
            depth -= 1
        elif depth == 0 and token.kind == SIGN and token.text in {",", ";"}:
            return place
        place += 1


def is_opening(token: Token) -> bool:
    """Whether something begins here that has an end of its own: a bracket or a block."""
    return token.text in (OPEN if token.kind == SIGN else _BLOCKS if token.kind == WORD else ())


def is_closing(token: Token) -> bool:
    """Whether such a thing ends here."""
    return token.text in (OPEN.values() if token.kind == SIGN else _ENDS if token.kind == WORD else ())
