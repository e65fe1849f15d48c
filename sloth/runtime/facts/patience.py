"""Questions that may never be answered (by a dead NFS server, a program that hangs), asked with a deadline."""

import threading
import time

from sloth.runtime.failure import ActionFailed, Stopped

MYPY = False
if MYPY:
    from collections.abc import Callable, Mapping


def answers(questions: "Mapping[str, Callable[[], object]]", seconds: float) -> "dict[str, object]":
    """What was answered in time, by key; one that fails gives the error itself.

    All are asked at once, each in a thread of its own. One that hangs stays behind: it holds nothing but itself,
    and as a daemon it does not keep the process from ending.
    """
    found = {}  # type: dict[str, object]

    def ask(key: str, question: "Callable[[], object]") -> None:
        try:
            found[key] = question()
        except (ActionFailed, OSError) as error:
            found[key] = error
        except Stopped:
            return  # whoever asked is stopped too

    threads = [threading.Thread(target=ask, args=pair, daemon=True) for pair in questions.items()]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(found)
