"""The tables of the store, as steps from one version to the next.

A step that has been released is never edited: the next change of a table is a step of its own. The version of a
database is the number of steps that it has had.
"""

from __future__ import annotations

from collections.abc import Sequence

STATE = (
    """CREATE TABLE state (
        namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version BIGINT NOT NULL,
        owner TEXT NOT NULL, created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL,
        expires DOUBLE PRECISION, PRIMARY KEY (namespace, key))""",
    "CREATE INDEX state_expires ON state (expires) WHERE expires IS NOT NULL",
)

STEPS: Sequence[Sequence[str]] = (STATE,)
