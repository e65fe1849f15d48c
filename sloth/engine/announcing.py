"""What hosts announce while they work: numbers, and events of a workflow's own, for the stream of the run.

A host may lie or flood: names are short words, data is limited, and so is the number of announcements.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from sloth.core.events import Dispatched, Event, Measured
from sloth.runtime.failure import ActionFailed

KINDS = ("gauge", "counter", "histogram", "timer")
MOST = 10_000  # announcements of one host in one run
LARGEST = 1 << 16  # characters of what one has for data
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,99}")


class Announcements:
    """Those of one host."""

    def __init__(self, host: str, publish: Callable[[Event], None], most: int = MOST) -> None:
        self._host = host
        self._publish = publish
        self._left = most

    def answer(self, args: Mapping[str, Any]) -> object:
        """The verb `announce`: {"name", "data"}, or {"name", "metric": kind, "value", "labels"} → {}."""
        name = str(args.get("name"))
        if _NAME.fullmatch(name) is None:
            raise ActionFailed(f"{name[:100]!r} is no name: letters, digits and _.:/- with a letter in front")
        self._left -= 1
        if self._left < 0:
            raise ActionFailed("this host has announced more than it may in one run")
        self._publish(self._event(name, args))
        return {}

    def _event(self, name: str, args: Mapping[str, Any]) -> Event:
        if "metric" not in args:
            data = args.get("data")
            if len(json.dumps(data)) > LARGEST:
                raise ActionFailed(f"event {name}: its data is larger than {LARGEST >> 10} KiB")
            return Dispatched(self._host, name, data)
        kind, value, labels = args.get("metric"), args.get("value"), args.get("labels")
        if kind not in KINDS:
            raise ActionFailed(f"there is no metric of the kind {str(kind)[:40]!r}; there are {', '.join(KINDS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ActionFailed(f"metric {name}: its value is a number")
        said = {str(key): str(one) for key, one in labels.items()} if isinstance(labels, dict) else {}
        if len(json.dumps(said)) > LARGEST:
            raise ActionFailed(f"metric {name}: its labels are larger than {LARGEST >> 10} KiB")
        return Measured(self._host, name, str(kind), value, said)
