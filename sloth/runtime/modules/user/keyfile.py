"""The authorized_keys file of a user, reached without trusting what lies in a home that others write in.

Root follows no symbolic link there: the user could point it at any file of the host.
"""

import os
import stat

from sloth.runtime.attributes import Wanted, apply
from sloth.runtime.failure import ActionFailed
from sloth.runtime.files import put, read
from sloth.runtime.place import Explained, Place, locate

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host
    from sloth.runtime.modules.user.known import Account

_NAME = "authorized_keys"


def edit(host: "Host", account: "Account", change: "Callable[[str], str]") -> str:
    """Have the file hold `change` of what it held; returns its path. What is not there is made when it is needed."""
    path = f"{account.home}/.ssh/{_NAME}"
    with Explained("reach", account.home), locate(account.home, follow=True) as home, home.inside(b".ssh") as folder:
        found = own(folder, stat.S_ISDIR, "a directory")
        if found is None and not change(""):
            return path
        if found is None:
            make_folder(host, folder, account)
            if host.check:
                host.show(path, None, change("").encode())
                host.effect(f"write {path}", lambda: None)
                return path
        apply(host, folder, Wanted("0700", account.uid, account.gid))
        with folder.inside(_NAME.encode()) as place:
            _edit(host, account, place, change)
    return path


def _edit(host: "Host", account: "Account", place: Place, change: "Callable[[str], str]") -> None:
    found = own(place, stat.S_ISREG, "a file")
    if found is not None and found.st_nlink > 1 and found.st_uid != account.uid:
        raise ActionFailed(f"{place.path} is another name of a file that is not {account.name}'s; it is left alone")
    before = read(host, place)
    text = (before or b"").decode("utf-8", "surrogateescape")
    after = change(text)
    want = Wanted("0600", account.uid, account.gid)
    if after == text:
        apply(host, place, want)
        return
    content = after.encode("utf-8", "surrogateescape")
    host.show(place.path, before, content)
    put(host, place, [content], want)


def own(place: Place, is_right: "Callable[[int], bool]", kind: str) -> "os.stat_result | None":
    """What is there, if it is of the right kind; None when nothing is."""
    found = place.stat()
    if found is not None and not is_right(found.st_mode):
        what = "a symbolic link, which is not followed in a home" if stat.S_ISLNK(found.st_mode) else f"not {kind}"
        raise ActionFailed(f"{place.path} is {what}")
    return found


def make_folder(host: "Host", folder: Place, account: "Account") -> None:
    """Make a user's .ssh."""

    def make() -> None:
        folder.mkdir(0o700)
        folder.chown(account.uid, account.gid)

    with Explained("make", folder.path):
        host.effect(f"make {folder.path}", make)
