"""The stack of a run: what its file calls the thing that it keeps up, and how the run before ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from msgspec import Struct

_FAMILY = uuid.uuid5(uuid.NAMESPACE_URL, "sloth:stack")


class Stack(Struct, frozen=True):
    """last_exit(): the exit code of the workflow's last run before this one; None when there was none."""

    name: str
    last_exit: Callable[[], int | None]

    def plain(self) -> dict[str, str]:
        """{"name", "id", "status"}, for the module `stack`."""
        code = self.last_exit()
        status = "new" if code is None else "failed" if code else "succeeded"
        return {"name": self.name, "id": str(uuid.uuid5(_FAMILY, self.name)), "status": status}
