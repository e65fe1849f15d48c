"""Imports from a compiled bundle that is in memory as a whole.

Python's own import from archives reads and parses each module twice and asks the disk each time, which is a fifth of a
run's start. This file is executed by the boot program and knows nothing else of the bundle.
"""

import marshal
from _frozen_importlib import ModuleSpec  # where importlib.machinery has it from, which takes a millisecond to load

MYPY = False
if MYPY:
    from collections.abc import Callable
    from types import ModuleType


class Importer:
    """A finder for sys.meta_path, and the loader of what it finds.

    archive: where the bundle lies, for paths
    index: name in the bundle → where its content begins and ends; `.pyc` is marshalled code
    content(begin, end): what stands there
    """

    def __init__(
        self, archive: str, index: "dict[str, tuple[int, int]]", content: "Callable[[int, int], bytes]"
    ) -> None:
        self.archive = archive
        self._index = index
        self._content = content

    def find_spec(self, name: str, *_: object) -> "ModuleSpec | None":
        """Where a module is, if it is one of the bundle's."""
        base = name.replace(".", "/")
        is_package = base + "/__init__.pyc" in self._index
        file = base + ("/__init__.pyc" if is_package else ".pyc")
        if file not in self._index:
            return None
        spec = ModuleSpec(name, self, origin=self.archive + "/" + file, is_package=is_package)  # type: ignore[arg-type]  # a loader by its methods
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [self.archive + "/" + base]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary one."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run the module's code."""
        code = marshal.loads(self.get_data(str(module.__file__)))  # noqa: S302  # compiled here, and checked
        exec(code, module.__dict__)  # noqa: S102

    def get_data(self, path: str) -> bytes:
        """A file of the bundle, by its path."""
        try:
            return self._content(*self._index[path[len(self.archive) + 1 :]])
        except KeyError:
            raise OSError("there is no " + path) from None
