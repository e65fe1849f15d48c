"""Lua in the controller's own process."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from sloth.runtime.lua.vm import compiled_prelude


def own_lua() -> tuple[ModuleType, Sequence[bytes]]:
    """lupa's module lua54, and the prelude compiled for it, as Surroundings want it."""
    from lupa import lua54

    return lua54, compiled_prelude(lua54)
