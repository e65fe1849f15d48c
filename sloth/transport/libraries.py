"""fabric, loaded without two things that invoke, below it, loads and that nobody here uses: a third of its time.

One is unittest.mock, and with it asyncio, for a class of test doubles; the other a YAML parser of its own, though
invoke takes PyYAML as well. All hosts wait meanwhile.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


class Libraries:
    """What connections are made with; the first who asks loads it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def fabric(self) -> ModuleType:
        """The package. Nobody else loads it meanwhile."""
        with self._lock:
            loaded = sys.modules.get("fabric")
            return _loaded() if loaded is None else loaded


def _loaded() -> ModuleType:
    import yaml

    sys.modules.setdefault("invoke.vendor.yaml", yaml)
    with _standing_in("unittest.mock", Mock=object):
        import fabric
    return sys.modules[fabric.__name__]


@contextmanager
def _standing_in(name: str, **content: object) -> Iterator[None]:
    """A module that is there for who imports it now, unless it has been loaded: it gives these names and no others."""
    if name in sys.modules:
        yield
        return
    module = ModuleType(name)
    vars(module).update(content)
    sys.modules[name] = module
    try:
        yield
    finally:
        del sys.modules[name]
