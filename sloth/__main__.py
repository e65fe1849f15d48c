"""Where the command `sloth` begins; `python -m sloth` is the same."""

from __future__ import annotations

import gc
from typing import NoReturn

# Modules and plans live until the end: to look among them for garbage, every 700 objects, is an eighth of a short run.
MANY_OBJECTS = 100_000


def run() -> NoReturn:
    """The command. Nothing of it is loaded before this is said."""
    gc.set_threshold(MANY_OBJECTS)
    from sloth.cli import app

    app.run()


if __name__ == "__main__":
    run()
