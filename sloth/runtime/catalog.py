"""All actions by module and name: found in the folder of the modules, or in the bundle, with no list to extend.

A module is a file. One of many subjects is a folder: its `__init__.py` says what it is for and, in PARTS, which of its
files has which action, so that a host loads no more than it needs.
"""

import os

from sloth.runtime.action import ABSENT, Action, near_name
from sloth.runtime.boot import load
from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

INDEX = "index.txt"  # in a bundle: the names of the modules
PACKAGE = "sloth.runtime.modules"
_WHOLE = {"": ()}  # type: dict[str, tuple[str, ...]]  # the parts of a module that is one file


def collect(module: "ModuleType", name: str) -> "dict[str, Action]":
    """The actions of one file, by name, in the order of their definition; `other = action` gives a second name.

    name: that of the module
    """
    found = {key.rstrip("_"): value for key, value in vars(module).items() if hasattr(value, "__sloth_action__")}
    return {key: Action(name, value) for key, value in found.items()}


def module_names() -> "list[str]":
    """The names of all modules that ship, without importing any."""
    package = load(PACKAGE)
    folder = package.__path__[0]
    if os.path.isdir(folder):
        return names_of(os.listdir(folder))
    # inside a bundle, which brings the list along: pkgutil could tell, but costs as much as all else here
    index = package.__loader__.get_data(os.path.join(folder, INDEX))
    return index.decode("ascii").split()  # type: ignore[no-any-return]  # as bytes


def names_of(entries: "Iterable[str]") -> "list[str]":
    """The names of the modules among files and folders."""
    stems = {name[:-3] if name.endswith(".py") else name for name in entries}
    return sorted(stem for stem in stems if stem[0] != "_" and "." not in stem)


class Catalog:
    """Actions by module and name; a file is imported when one of its actions is first asked for.

    more: modules that do not lie beside the shipped ones; on a host all do
    """

    def __init__(self, more: "Mapping[str, dict[str, Action]] | None" = None) -> None:
        self._modules = dict(more or {})
        self._files = {}  # type: dict[str, dict[str, Action]]
        self.names = sorted({*module_names(), *self._modules})

    def module(self, name: str) -> "dict[str, Action]":
        """The actions of a module; BadArguments when there is none of that name."""
        if name not in self._modules:
            files = [self._file(name, part) for part in self._parts(name)]
            self._modules[name] = {key: action for actions in files for key, action in actions.items()}
        return self._modules[name]

    def find(self, module: str, name: str) -> Action:
        """One action, or BadArguments that lists those of the module."""
        if module not in self._modules:
            for part, names in self._parts(module).items():
                if name in names:
                    return self._file(module, part)[name]
        actions = self.module(module)
        if name not in actions:
            raise BadArguments(
                f"there is no action {module}.{name}{near_name(name, actions)}; {module} has {', '.join(actions)}"
            )
        return actions[name]

    def _parts(self, module: str) -> "dict[str, tuple[str, ...]]":
        if module in ABSENT and module not in self.names:
            raise BadArguments(f"sloth has no module {module} yet")
        if module not in self.names:
            raise BadArguments(
                f"there is no module {module}{near_name(module, self.names)}; there are {', '.join(self.names)}"
            )
        return getattr(load(f"{PACKAGE}.{module}"), "PARTS", _WHOLE)

    def _file(self, module: str, part: str) -> "dict[str, Action]":
        place = f"{PACKAGE}.{module}.{part}".rstrip(".")
        if place not in self._files:
            self._files[place] = collect(load(place), module)
        return self._files[place]
