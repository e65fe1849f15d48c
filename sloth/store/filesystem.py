"""What file system the store lies on: WAL wants memory that all its users share, which two machines do not have."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ceph|lustre|gfs2?|ocfs2|glusterfs|fuse\.(?:sshfs|glusterfs|ceph|s3fs)"
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def journal_mode(path: Path, mounts: Path = MOUNTS) -> str:
    """SQLite's way of keeping changes whole at a place: `wal`, or (between machines) `delete`."""
    return "delete" if _NETWORK.fullmatch(_kind(path.resolve(), mounts)) else "wal"


def _kind(path: Path, mounts: Path) -> str:
    """The type of the file system that is mounted closest above a path; of two at one place the later counts."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        place = Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), before.split()[4]))
        if path.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), after.split()[0]
    return kind
