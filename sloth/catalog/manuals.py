"""What the manual of a module says, whatever language the module is written in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParameterManual:
    """One argument. `type` is in words, `annotation` as its author wrote it; `rest` tells that it takes all further
    positional values.
    """

    name: str
    type: str
    annotation: str
    required: bool
    default: object
    synonyms: tuple[str, ...]
    rest: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class ActionManual:
    """One action. A query only looks: it never changes a host. synonyms: its other names."""

    name: str
    synonyms: tuple[str, ...]
    summary: str
    details: str
    query: bool
    parameters: tuple[ParameterManual, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModuleManual:
    """One module and all of its actions, in the order of their definition. path: the file of a project's own."""

    name: str
    summary: str
    actions: tuple[ActionManual, ...]
    path: str = ""
