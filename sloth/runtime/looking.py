"""What a path is, as plain data for Lua."""

import os
import stat

from sloth.runtime.attributes import group_name
from sloth.runtime.place import raw, text, user_name


def describe(path: str, follow: bool) -> "dict[str, object]":
    """Whether something has this absolute path, and if so its kind, mode, owner, size and times."""
    try:
        found = os.stat(raw(path), follow_symlinks=follow)
    except (FileNotFoundError, NotADirectoryError):
        return {"exists": False, "path": path}
    fields = {
        "exists": True,
        "path": path,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "is_file": stat.S_ISREG(found.st_mode),
        "is_dir": stat.S_ISDIR(found.st_mode),
        "is_link": stat.S_ISLNK(found.st_mode),
        "size": found.st_size,
        "uid": found.st_uid,
        "gid": found.st_gid,
        "owner": user_name(found.st_uid),
        "group": group_name(found.st_gid),
        "atime": found.st_atime,
        "mtime": found.st_mtime,
        "ctime": found.st_ctime,
        "inode": found.st_ino,
        "links": found.st_nlink,
    }  # type: dict[str, object]
    if fields["is_link"]:
        fields["target"] = text(os.readlink(raw(path)))
    return fields
