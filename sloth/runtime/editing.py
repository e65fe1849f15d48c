"""Edits of a file that exists: read it, change its bytes, put it back in one step if anything differs."""

import os

from sloth.runtime import files, trees
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed
from sloth.runtime.place import Explained, locate, raw

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host


class Terms:
    """How to edit. `missing`: what a missing file means: "create" it, "fail", or "fine" as it is."""

    def __init__(self, want: Wanted, missing: str, backup: bool, validate: "str | None") -> None:
        self.want = want
        self.missing = missing
        self.backup = backup
        self.validate = validate


def edit(host: "Host", path: str, change: "Callable[[bytes], bytes]", terms: Terms) -> str:
    """Change a file's content, through a symbolic link that of the file it leads to; returns the backup's path."""
    approve = files.approver(host, terms.validate)
    whole = files.absolute(host, path)
    content = b""
    if os.path.exists(raw(whole)):
        with Explained("edit", whole), locate(whole, follow=True) as place:
            content = files.read(host, place) or b""
    elif terms.missing == "fine":
        return ""
    elif terms.missing == "fail":
        raise ActionFailed(f"{path} does not exist; create = true makes it", exit_code=257)
    elif not os.path.isdir(raw(os.path.dirname(whole))):
        trees.make(host, os.path.dirname(whole), Wanted())
    new = change(content)
    return files.ensure(host, whole, new, terms.want, backup=terms.backup, follow=True, approve=approve)
