"""What a path shall be: a directory, a file, a link, nothing; and whose."""

import os

from sloth.runtime import attributes, files, links, trees
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.place import Explained, locate, raw

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host

_PATH = ("dest", "file", "name")


@action(synonyms={"path": ("dest", "name", "dir")})
def directory(
    host: "Host",
    *,
    path: str,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    recurse: bool = False
) -> None:
    """Make sure that a directory is there, with its parents.

    path: the directory
    mode: "0755" or "u=rwx,g=rx"; also of the parents that have to be made
    owner: the user to own it
    group: the group to own it
    recurse: give all in it the same mode, owner and group; links are not followed

    example: file_ops.directory { path = "/srv/app/releases", owner = "www-data", mode = "0755" }
    """
    want = attributes.wanted(host, mode, owner, group)
    whole = files.absolute(host, path)
    if not (recurse and os.path.isdir(raw(whole))):
        trees.make(host, path, want)
        return
    with Explained("reach", path), locate(whole, follow=True) as place:
        trees.dress(host, place, want)


@action(synonyms={"path": _PATH})
def touch(
    host: "Host",
    *,
    path: str,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    access_time: "Literal['now', 'preserve']" = "now",
    modification_time: "Literal['now', 'preserve']" = "now"
) -> None:
    """Make sure that a file is there, and set its times to now: a change at each run unless both are preserved.

    path: the file; a directory is touched as well
    mode: "0644" or "u=rw,g=r"
    owner: the user to own it
    group: the group to own it
    access_time: whether the time of the last access becomes now
    modification_time: whether the time of the last change becomes now

    example: file_ops.touch { path = "/var/log/app.log", modification_time = "preserve", access_time = "preserve" }
    """
    want = attributes.wanted(host, mode, owner, group)
    place = files.reach(host, path, follow=True)
    if place is None:
        files.announce(host, f"touch {path}")
        return
    with place:
        if place.stat() is None:
            files.put(host, place, [], want)
            return
        now = access_time == "now", modification_time == "now"
        if any(now):
            with Explained("touch", path):
                host.effect(f"touch {place.path}", lambda: place.touch(*now))
        attributes.apply(host, place, want)


@action(synonyms={"src": ("target", "source"), "dest": ("path", "link", "name")}, diff=True)
def link(
    host: "Host",
    *,
    src: "str | None" = None,
    dest: str,
    hard: bool = False,
    force: bool = False,
    owner: "str | int | None" = None,
    group: "str | int | None" = None
) -> None:
    """Make sure that a path is a link to another.

    src: what the link points to; a relative one is kept so, and counts from the link's directory. Without it a link
        that is there stays, and only its owner is seen to
    dest: the link
    hard: a hard link: another name of the same file
    force: replace a file or empty directory at `dest`, and do not mind a missing `src`
    owner: the user to own the link itself
    group: the group to own the link itself

    example: file_ops.link { src = "/srv/app/releases/42", dest = "/srv/app/current" }
    """
    want = attributes.wanted(host, None, owner, group)
    if src is not None:
        (links.hard if hard else links.symbolic)(host, dest, src, force)
    elif not os.path.lexists(raw(files.absolute(host, dest))):
        raise ActionFailed(f"src is required for creating new {'hardlinks' if hard else 'links'}")
    place = files.reach(host, dest)
    if place is not None:
        with place:
            attributes.apply(host, place, want)


@action(synonyms={"path": (*_PATH, "dir")}, diff=True)
def absent(host: "Host", *, path: str) -> None:
    """Make sure that nothing has this path: a directory goes with all in it, of a link the link alone.

    path: the path

    example: file_ops.absent("/etc/nginx/sites-enabled/default")
    """
    trees.remove(host, path)


@action(synonyms={"path": _PATH})
def permissions(
    host: "Host",
    *,
    path: str,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    recurse: bool = False
) -> None:
    """Make sure that a file or directory has this mode and owner.

    path: what exists; through a symbolic link what it leads to
    mode: "0644" or "u=rw,g=r,o-rwx"; X gives x to directories only
    owner: the user to own it
    group: the group to own it
    recurse: the same for all in a directory; links in it are not followed

    example: file_ops.permissions { path = "/etc/ssl/private", mode = "u=rwX,go=", recurse = true }
    """
    want = attributes.wanted(host, mode, owner, group)
    whole = files.absolute(host, path)
    if not os.path.exists(raw(whole)):
        if not host.check:  # an earlier task may be about to make it
            raise ActionFailed(f"{path} does not exist; file_ops.directory, copy or touch make it")
        host.warn(f"{path} does not exist yet")
        return
    with Explained("reach", path), locate(whole, follow=True) as place:
        if recurse and place.is_directory():
            trees.dress(host, place, want)
        else:
            attributes.apply(host, place, want)
