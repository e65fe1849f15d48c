"""The actions of a module as Python functions, whichever of its files has them."""

from __future__ import annotations

from types import SimpleNamespace

from sloth.runtime.catalog import Catalog


def actions_of(module: str) -> SimpleNamespace:
    """`actions_of("pkg").install` is the function behind `pkg.install`."""
    return SimpleNamespace(**{name: action.function for name, action in Catalog().module(module).items()})
