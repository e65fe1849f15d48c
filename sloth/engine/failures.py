"""Errors of the controller, as what fails the call of a host that asked for something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sloth.core.errors import SlothError
from sloth.runtime.failure import ActionFailed


@contextmanager
def as_failure() -> Iterator[None]:
    """Turn what the controller cannot answer into a failure of the call that asked."""
    try:
        yield
    except SlothError as error:
        where = f"{error.where}: " if error.where else ""
        hint = f" ({error.hint})" if error.hint else ""
        raise ActionFailed(f"{where}{error}{hint}", where=error.where) from error
