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
    # how far the versions of a namespace went when a key was removed: a key that comes again goes on from there
    "CREATE TABLE state_floor (namespace TEXT PRIMARY KEY, version BIGINT NOT NULL)",
)

LOCKS = (
    """CREATE TABLE lease (
        name TEXT PRIMARY KEY, token BIGINT NOT NULL, owner TEXT NOT NULL, taken DOUBLE PRECISION NOT NULL,
        ttl DOUBLE PRECISION NOT NULL, expires DOUBLE PRECISION NOT NULL, boot TEXT NOT NULL,
        until DOUBLE PRECISION NOT NULL, process TEXT NOT NULL, note TEXT NOT NULL)""",
    "CREATE TABLE lease_token (one INTEGER PRIMARY KEY, token BIGINT NOT NULL)",
    "INSERT INTO lease_token (one, token) VALUES (1, 0)",
    """CREATE TABLE lease_forced (
        at DOUBLE PRECISION NOT NULL, name TEXT NOT NULL, token BIGINT NOT NULL, owner TEXT NOT NULL,
        by TEXT NOT NULL, reason TEXT NOT NULL)""",
)

RUNS = (
    """CREATE TABLE runs (
        id TEXT NOT NULL PRIMARY KEY, workflow TEXT NOT NULL, file TEXT NOT NULL, owner TEXT NOT NULL,
        mode TEXT NOT NULL, started DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION, exit_code BIGINT,
        hosts BIGINT NOT NULL)""",
    "CREATE INDEX runs_started ON runs (started)",
    "CREATE TABLE run_hosts (run TEXT NOT NULL, host TEXT NOT NULL, PRIMARY KEY (run, host))",
    "CREATE INDEX run_hosts_host ON run_hosts (host)",
)

STEPS: Sequence[Sequence[str]] = ((*STATE, *LOCKS), RUNS)
