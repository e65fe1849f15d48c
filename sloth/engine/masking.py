"""Secrets in what people and files get to see: replaced, however they are written, wherever they stand.

A value is looked for as it is, in base64, escaped for URLs, JSON, shells and HTML, and a long one piece by piece.
Values of fewer than SHORTEST characters, and short words of nothing but letters, are not masked, as nobody could read
what is left; up to SURE characters a value is masked where it stands as a word of its own.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

from msgspec.structs import replace

from sloth.core.events import Event, TaskFinished, TaskOutput
from sloth.core.sealed import MASK

SHORTEST = 6
SURE = 8
_LINE = 16  # characters of a line of a longer value that is looked for by itself
_PIECE = 512  # characters that are looked for at once
# What names things: a run would fall apart without it, and no secret is put there.
_NAMES = frozenset(
    {"host", "task", "run", "workflow", "file", "status", "level", "stream", "kind", "tasks", "counts", "notified"}
)


def can_be_hidden(value: str) -> bool:
    """Whether a value can be told from what else is written: `deploy` and `443` are no secret for long."""
    return len(value) >= SURE or (len(value) >= SHORTEST and not value.isalpha())


class Mask:
    """The values to hide. Others may be added at any time; from then on they are hidden."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._lock = threading.Lock()
        self._new: set[str] = set()
        self._matchers: tuple[Matcher, ...] = ()

    def add(self, value: str) -> None:
        """Hide this from now on."""
        if value in self._values or not can_be_hidden(value):
            return
        with self._lock:
            self._values.add(value)
            self._new.add(value)

    def text(self, text: str) -> str:
        """The text without secrets."""
        for matcher in self.matchers():
            text = matcher.mask(text)
        return text

    def plain(self, value: Any) -> Any:
        """Plain data without secrets."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.plain(name): self.plain(item) for name, item in value.items()}
            case list() | tuple():
                return [self.plain(item) for item in value]
        return value

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Take secrets out of whatever is raised inside, and out of what caused it: a person is about to see it."""
        try:
            yield
        except BaseException as error:
            self._clean(error)
            raise

    def _clean(self, error: BaseException) -> None:
        seen: set[int] = set()
        waiting: list[BaseException | None] = [error]
        while waiting:
            one = waiting.pop()
            if one is None or id(one) in seen:
                continue
            seen.add(id(one))
            one.args = tuple(self.text(part) if isinstance(part, str) else part for part in one.args)
            for name in ("where", "hint"):
                if isinstance(said := getattr(one, name, None), str):
                    setattr(one, name, self.text(said))
            waiting += [one.__cause__, one.__context__]

    def matchers(self) -> Sequence[Matcher]:
        """Patterns for all values. New ones get a pattern of their own, until it is as large as the one before: to
        make one pattern of all for each new value would take longer than a run.
        """
        if self._new:
            with self._lock:
                self._renew()
        return self._matchers

    def _renew(self) -> None:
        values, matchers = set(self._new), list(self._matchers)
        while matchers and values and len(matchers[-1].values) <= len(values):
            values |= matchers.pop().values
        if values:
            self._matchers = (*matchers, Matcher(values))
        self._new.clear()  # last: until then whoever asks waits for the new pattern


class Flow:
    """Events on their way to those who may not see secrets; for one thread."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held: dict[tuple[str, str, str], str] = {}

    def events(self, event: Event) -> Iterator[Event]:
        """The event as others may see it. Live output whose end may be the beginning of a secret waits for the rest."""
        if not self._mask.matchers():
            yield event
        elif isinstance(event, TaskOutput):
            yield from self._output(event)
        else:
            if isinstance(event, TaskFinished):
                yield from self._rest(event)
            yield self._masked(event)

    def _masked(self, event: Event) -> Event:
        changed = {}
        for name in event.__struct_fields__:
            if name not in _NAMES:
                before = getattr(event, name)
                after = self._mask.plain(before)
                if after != before:
                    changed[name] = after
        return replace(event, **changed) if changed else event

    def _output(self, event: TaskOutput) -> Iterator[Event]:
        key = event.host, event.task, event.stream
        text = self._held.pop(key, "") + event.text
        ready = self._ready(text)
        if ready < len(text):
            self._held[key] = text[ready:]
        if ready:
            yield replace(event, text=self._mask.text(text[:ready]))

    def _ready(self, text: str) -> int:
        """How much of a text can be shown before more comes: up to what may be the beginning of a secret."""
        matchers = self._mask.matchers()
        ready = min(matcher.open_end(text) for matcher in matchers)
        held = len(text) + 1
        while ready < held:  # nor is a whole one cut, in whose end another may begin
            held = ready
            ready = min(matcher.uncut(text, held) for matcher in matchers)
        return ready

    def _rest(self, event: TaskFinished) -> Iterator[Event]:
        for stream in ("stdout", "stderr"):
            text = self._held.pop((event.host, event.task, stream), "")
            if text:
                yield TaskOutput(event.host, event.task, stream, self._mask.text(text))


class Matcher:
    """Finds all ways of writing some values."""

    def __init__(self, values: set[str]) -> None:
        self.values = values
        sure: set[str] = set()
        words: set[str] = set()
        for value in values:
            if len(value) < SURE:
                words.add(value)
            else:
                sure.update(forms(value))
        parts = [_tree(sorted(sure, key=lambda form: (-len(form), form)))] if sure else []
        parts += [rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words, reverse=True)))})(?!\w)"] if words else []
        self._pattern = re.compile("|".join(parts))
        self._longest = max(map(len, sure | words))
        self._by_start: dict[str, list[str]] = {}
        for form in sure | words:
            self._by_start.setdefault(form[0], []).append(form)
        self._starts = re.compile(f"[{re.escape(''.join(self._by_start))}]")

    def mask(self, text: str) -> str:
        return self._pattern.sub(MASK, text)

    def uncut(self, text: str, at: int) -> int:
        """Where a secret begins that this place lies in; the place itself if it lies in none.

        From the start of the text, as `mask` goes: of `00000000` in many zeros there are as many ways to find it.
        """
        behind = (found.start() for found in self._pattern.finditer(text) if found.end() > at)
        return min(next(behind, at), at)

    def open_end(self, text: str) -> int:
        """Where at the end of a text a secret may begin that is not whole yet."""
        first = max(0, len(text) - self._longest + 1)
        for found in self._starts.finditer(text, first):
            rest = text[found.start() :]
            if any(len(rest) < len(form) and form.startswith(rest) for form in self._by_start[found[0]]):
                return found.start()
        return len(text)


def forms(value: str) -> Iterator[str]:
    """How a value may be written."""
    for piece in {value[start : start + _PIECE] for start in range(0, len(value), _PIECE)}:
        yield from _written(piece)
    lines = value.splitlines()
    for line in lines if len(lines) > 1 else []:
        if len(line) >= _LINE and not line.startswith("-----"):
            yield from _written(line[:_PIECE])


def _written(value: str) -> Iterator[str]:
    line = value.rstrip("\r\n")  # of what files end with the next line would be no line of its own
    text, raw = line if len(line) >= SURE else value, _bytes(value)
    as_json = json.dumps(text)[1:-1]
    escaped = {
        text, quote(raw), quote(raw, safe=""), quote_plus(raw), as_json, json.dumps(as_json)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1], text.replace("'", "'\"'\"'"), text.replace("'", "'\\''"),
        repr(text)[1:-1], html.escape(text), text.strip(), raw.hex(),
    }  # fmt: skip
    yield from (form for form in escaped | _base64(raw) if len(form) >= SURE)


def _bytes(value: str) -> bytes:
    """What was no UTF-8 stands in a text as lone surrogates; of others there are no bytes, and any will do."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _base64(raw: bytes) -> set[str]:
    """What stays of it at each place that it can have in a longer text, and it alone."""
    found = set()
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode()
        start = (0, 2, 3)[offset]  # characters that what stands before has a part in
        end = len(text.rstrip("=")) - bool((len(raw) + offset) % 3)
        found |= {text[start:end], text[start:].rstrip("=")}
    return found | {form.translate(str.maketrans("+/", "-_")) for form in found}


def _tree(words: list[str], depth: int = 0) -> str:
    """A pattern of many words, which looks at the first characters once and not word by word."""
    if len(words) == 1 or depth == 4:
        return "|".join(re.escape(word[depth:]) for word in words)
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[depth], []).append(word)
    return "|".join(f"{re.escape(start)}(?:{_tree(group, depth + 1)})" for start, group in groups.items())
