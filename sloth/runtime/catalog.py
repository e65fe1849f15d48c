"""All actions by module and name: found in the folder of the modules, or in the bundle, with no list to extend."""

import importlib
import os

from sloth.runtime.action import Action, near_name
from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from collections.abc import Mapping
    from types import ModuleType

INDEX = "index.txt"  # in a bundle: the files of sloth/runtime/modules


def collect(module: "ModuleType", name: str) -> "dict[str, Action]":
    """The actions of one module, by name, in the order of their definition; `other = action` gives a second name."""
    found = {key.rstrip("_"): value for key, value in vars(module).items() if hasattr(value, "__sloth_action__")}
    return {key: Action(name, value) for key, value in found.items()}


def module_names() -> "list[str]":
    """The names of all modules that ship, without importing any."""
    package = importlib.import_module("sloth.runtime.modules")
    folder = package.__path__[0]
    if os.path.isdir(folder):
        files = os.listdir(folder)
    else:  # inside a bundle, which brings the list along: pkgutil could tell, but costs as much as all else here
        index = package.__loader__.get_data(os.path.join(folder, INDEX))  # type: ignore[union-attr]  # a zipimporter
        files = index.decode("ascii").split()
    stems = {name.rpartition(".")[0] for name in files if name.endswith((".py", ".pyc"))}
    return sorted(stem for stem in stems if stem[0] != "_" and os.sep not in stem)


class Catalog:
    """Actions by module and name; a module is imported when one of its actions is first asked for.

    more: modules that do not lie beside the shipped ones; on a host all do
    """

    def __init__(self, more: "Mapping[str, dict[str, Action]] | None" = None) -> None:
        self._loaded = dict(more or {})
        self.names = sorted({*module_names(), *self._loaded})

    def module(self, name: str) -> "dict[str, Action]":
        """The actions of a module; BadArguments when there is none of that name."""
        if name not in self._loaded:
            if name not in self.names:
                raise BadArguments(
                    f"there is no module {name}{near_name(name, self.names)}; there are {', '.join(self.names)}"
                )
            self._loaded[name] = collect(importlib.import_module("sloth.runtime.modules." + name), name)
        return self._loaded[name]

    def find(self, module: str, name: str) -> Action:
        """One action, or BadArguments that lists those of the module."""
        actions = self.module(module)
        if name not in actions:
            raise BadArguments(
                f"there is no action {module}.{name}{near_name(name, actions)}; {module} has {', '.join(actions)}"
            )
        return actions[name]
