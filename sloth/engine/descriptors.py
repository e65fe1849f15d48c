"""Open files: every session has some, and a system allows only so many."""

from __future__ import annotations

import resource

EACH = 6  # files that a session has open: three pipes or a socket, and what is around them
OWN = 128  # those of sloth itself


def room_for(sessions: int) -> int:
    """How many sessions may be open at once, after our own limit was raised as far as that many want, and it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OWN + EACH * sessions
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return sessions if soft == resource.RLIM_INFINITY else max(1, min(sessions, (soft - OWN) // EACH))
