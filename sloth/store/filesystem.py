"""What file system the store lies on: WAL wants memory that all its users share, which two machines do not have."""

from __future__ import annotations

import re
from pathlib import Path

from sloth.runtime.mounts import mounted

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ceph|lustre|gfs2?|ocfs2|glusterfs|fuse\.(?:sshfs|glusterfs|ceph|s3fs)"
)


def journal_mode(path: Path, mounts: Path = MOUNTS) -> str:
    """SQLite's way of keeping changes whole at a place: `wal`, or (between machines) `delete`."""
    return "delete" if _NETWORK.fullmatch(_kind(path.resolve(), mounts)) else "wal"


def _kind(path: Path, mounts: Path) -> str:
    """The type of the file system that is mounted closest above a path; of two at one place the later counts."""
    try:
        every = mounted(mounts.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return ""
    at = f"{path}/"
    above = [one for one in every if at.startswith(f"{one.path.rstrip('/')}/")]  # text: this is on every run's way
    closest = max((len(one.path) for one in above), default=0)
    return next((one.kind for one in reversed(above) if len(one.path) == closest), "")
