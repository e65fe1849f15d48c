"""What `-e` says of passwords and the like: never written down, and hidden wherever it would be shown.

The name decides, since a value tells nothing of itself. A run that is taken up again has to be told such a value once
more; the fingerprints of the run's variables see to it that it is the same one.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sloth.core import varsfile
from sloth.core.errors import UsageError
from sloth.core.sealed import MASK

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET = re.compile(
    r"(?:.*[_.-])?(?:pass|passwd|passwords?|passphrases?|pwd|secrets?|token|credentials?|(?:api|access|auth|private)_?key)",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Whether a variable of that name holds something that nobody should read: `db_password`, `apiToken`."""
    return _SECRET.fullmatch(_HUMP.sub("_", name)) is not None


def values(variables: Mapping[str, Any]) -> Iterator[str]:
    """The values that are to be hidden."""
    for name, value in _named(variables):
        if value and is_secret(name):
            yield value


def words(extra: Sequence[str]) -> tuple[str, ...]:
    """What was given with `-e`, with stars in the place of such values. Files are named only."""
    return tuple(_word(word) for word in extra)


def check(extra: Sequence[str], run: str) -> None:
    """Raises UsageError when one of the values is not known any more. run: what to resume."""
    said = varsfile.extra_vars([word for word in extra if not word.strip().startswith("@")])
    lost = [name for name, value in said.items() if any(text == MASK for _, text in _named(value, name))]
    if lost:
        hint = f"`sloth resume {run} {' '.join(f'-e {name}=…' for name in lost)}`"
        raise UsageError(f"what -e said of {', '.join(lost)} was not written down", hint=hint)


def _word(word: str) -> str:
    text = word.strip()
    if text.startswith("@"):
        return word
    said = dict(varsfile.extra_file(text).values)
    if not any(values(said)):
        return word
    hidden = {name: _hidden(name, value) for name, value in said.items()}
    if text.startswith("{"):
        return json.dumps(hidden)
    return " ".join(shlex.quote(f"{name}={value}") for name, value in hidden.items())


def _hidden(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {key: _hidden(key, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_hidden(name, one) for one in value]
    return MASK if isinstance(value, str) and value and is_secret(name) else value


def _named(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts in a value, each with the name nearest to it."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _named(one, str(key))
    elif isinstance(value, list):
        for one in value:
            yield from _named(one, name)
    elif isinstance(value, str):
        yield name, value
