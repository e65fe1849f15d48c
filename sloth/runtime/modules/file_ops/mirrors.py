"""A tree of the controller, made equal on the host: one question, one manifest, one stream of all that differs.

Both sides look through their trees at the same time, and the host says the sum of what it has. Where the controller's
tree has the same, that was all; else it sends the manifest, and then, in one stream, the contents that are asked for.
Each is checked before it takes its name. Files reach the disk all at once, at the end: after a loss of power some may
be damaged, and the next run mends them.
"""

import contextlib
import os
import stat

from sloth.runtime import links, trees
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted, apply, wanted
from sloth.runtime.checksum import sum_beginning
from sloth.runtime.copying import Terms, receive, receive_at
from sloth.runtime.failure import ActionFailed
from sloth.runtime.files import absolute, kind, reach
from sloth.runtime.filling import Filling
from sloth.runtime.manifest import DIRECTORY, FILE, LINK, Excluded, Item, ordered, read, sum_of, written
from sloth.runtime.place import Explained, Place, locate, raw, refusal
from sloth.runtime.scan import Scan
from sloth.runtime.transfer import Offer, ask_for_all
from sloth.runtime.wire import STREAM

MYPY = False
if MYPY:
    from collections.abc import Iterator, Sequence

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host


@action(synonyms={"src": ("source",), "dest": ("path", "destination")}, diff=True)
def sync(
    host: "Host",
    *,
    src: str,
    dest: str,
    delete: bool = False,
    exclude: "list[str]" = (),  # type: ignore[assignment]  # no list as default
    mode: "Mode" = "preserve",
    owner: "str | int | None" = None,
    group: "str | int | None" = None
) -> "dict[str, object]":
    """Make a directory on the host hold what one of the controller holds; many files cost little more than one.

    Contents, links and modes are made equal. A tree that is equal already costs one question.

    src: a directory on the controller, relative to the workflow's or role's files
    dest: the directory on the host
    delete: remove what the source does not have
    exclude: what is left alone on both sides: `*.pyc` is any such name, `build/cache` a path from the top
    mode: "preserve" (that of the source), or one for all files
    owner: the user to own everything
    group: the group to own everything

    example: file_ops.sync { src = "site/", dest = "/srv/www", delete = true, exclude = { ".git", "*.swp" } }
    """
    terms = Terms(wanted(host, mode, owner, group), durable=False)
    top = absolute(host, dest).rstrip("/") or "/"
    src = src.rstrip("/")
    there = _Present(host, top, Excluded(exclude))
    answer, chunks = host.receive("tree", {"src": src, "exclude": list(exclude), STREAM: there.look()})
    own_mode, theirs = _manifest(src, answer, chunks, there.items)
    with contextlib.closing(_Sync(host, src, top, terms, there)) as work:
        with work.filling:
            work.filling.make(top, own_mode)
            work.clear(theirs, delete=delete)
            changed = work.bring([item for item in theirs if _differs(there.items.get(item.path), item)])
            removed = work.remove(theirs) if delete else 0
        work.dress([item for item in theirs if item.path not in changed])
    if changed and not host.check:
        _flush(host, top)
    return {"dest": top, "written": len(changed), "removed": removed, "entries": len(theirs)}


class _Present:
    """What the host has: entries by path. `guarded`: the directories that hold what is excluded, which stay."""

    def __init__(self, host: "Host", top: str, excluded: Excluded) -> None:
        self.items = {}  # type: dict[str, Item]
        self.guarded = set()  # type: set[str]
        self._host = host
        self._top = top
        self._scan = Scan(excluded, self._sum)

    def look(self) -> "Iterator[bytes]":
        """Look, and give the sum of all as the one chunk of a stream."""
        if os.path.lexists(raw(self._top)):
            self._fill()
        yield sum_of(written(self.items.values())).encode("ascii")

    def _fill(self) -> None:
        with Explained("list", self._top), locate(self._top, follow=True) as place:
            found = place.stat()
            if found is not None and not stat.S_ISDIR(found.st_mode):
                raise ActionFailed(f"cannot sync into {self._top}: it is {kind(found.st_mode)}")
            folder = place.open(os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.items = {item.path: item for item in self._scan.below(folder)}
        except OSError as error:
            raise refusal("read", f"{self._top}/{error.filename}", error) from error
        finally:
            os.close(folder)
        self.guarded = {above for path in self._scan.left_alone for above in _parents(path)}

    def _sum(self, fd: int, found: os.stat_result) -> str:
        self._host.token.check()
        return sum_beginning(fd, found.st_size)


class _Sync:
    """One sync on its way."""

    def __init__(self, host: "Host", src: str, top: str, terms: Terms, there: _Present) -> None:
        self.host = host
        self.src = src
        self.top = top
        self.terms = terms
        self.there = there
        self.filling = Filling(host, terms.attributes_of_directory)
        self._reached = None  # type: Place | None

    def close(self) -> None:
        """Let go of the directory that was reached last."""
        if self._reached is not None:
            self._reached.close()
            self._reached = None

    def path(self, item: Item) -> str:
        """Where an entry lies on the host."""
        return f"{self.top}/{item.path}"

    def clear(self, theirs: "Sequence[Item]", *, delete: bool) -> None:
        """Take away what has the name of something else; a directory only when things may be deleted."""
        mine = self.there.items
        for item in theirs:
            there = mine.get(item.path)
            if there is None or there.kind == item.kind or DIRECTORY not in (there.kind, item.kind):
                continue
            if there.kind == DIRECTORY:
                self._may_go(item, delete=delete)
            self._remove(item)
            for path in [one for one in mine if one == item.path or one.startswith(item.path + "/")]:
                del mine[path]

    def _may_go(self, item: Item, *, delete: bool) -> None:
        what = f"{self.path(item)} is a directory, and a file in {self.src}"
        if not delete:
            raise ActionFailed(f"{what}; delete = true removes it")
        if item.path in self.there.guarded:
            raise ActionFailed(f"{what}; it stays, as it holds what is excluded")

    def bring(self, items: "Sequence[Item]") -> "set[str]":
        """Make what is missing or different, all from one stream; the paths."""
        for item in items:
            self.filling.open_above(self.path(item))
            if item.kind == DIRECTORY:
                self.filling.make(self.path(item), item.mode)
            elif item.kind == LINK:
                links.symbolic(self.host, self.path(item), item.target, force=True)
        files = [item for item in items if item.kind == FILE]
        content = not self.host.check or self.host.settings.diff
        for item, offer in zip(files, ask_for_all(self.host, self.src, files, content)):
            self._put(item, offer)
        return {item.path for item in items}

    def _put(self, item: Item, offer: Offer) -> None:
        place = self._reach(item)
        if place is None:
            receive(self.host, offer, self.path(item), self.terms)
            return
        with place:
            receive_at(self.host, offer, place, self.terms)

    def _reach(self, item: Item) -> "Place | None":
        """Its place; its directory is held open, as what comes next is mostly in the same."""
        folder, name = os.path.split(self.path(item))
        if self._reached is None or os.path.dirname(self._reached.path) != folder:
            self.close()
            self._reached = reach(self.host, self.path(item))
        return None if self._reached is None else self._reached.beside(raw(name))

    def dress(self, items: "Sequence[Item]") -> None:
        """Set the attributes of what is there already, where they differ."""
        owned = self.terms.want.uid is not None or self.terms.want.gid is not None
        for item in items:
            there = self.there.items.get(item.path)
            if there is None or item.kind == LINK:
                continue
            wanted = self._attributes(item)
            if owned or wanted.bits(there.mode, item.kind == DIRECTORY) != there.mode:
                place = self._reach(item)
                if place is not None:
                    with place:
                        apply(self.host, place, wanted)

    def _attributes(self, item: Item) -> Wanted:
        if item.kind == DIRECTORY:
            return self.terms.attributes_of_directory(item.mode)
        return self.terms.attributes_of_file(item.mode)

    def remove(self, theirs: "Sequence[Item]") -> int:
        """Remove what the source does not have: of a tree its top alone, with all in it, unless some of that stays."""
        kept = {item.path for item in theirs} | self.there.guarded
        extra = [item for item in ordered(self.there.items.values()) if item.path not in kept]
        tops = [item for item in extra if not any(above not in kept for above in _parents(item.path))]
        for item in tops:
            self._remove(item)
        return len(tops)

    def _remove(self, item: Item) -> None:
        self.filling.open_above(self.path(item))
        trees.remove(self.host, self.path(item))


def _manifest(
    src: str, answer: object, chunks: "Iterator[bytes]", mine: "dict[str, Item]"
) -> "tuple[int, list[Item]]":
    """The mode of the top, and the entries."""
    if not isinstance(answer, dict) or not isinstance(answer.get("mode"), int):
        raise ActionFailed(f"the controller's answer about {src} is not understood")
    mode = int(answer["mode"]) & 0o7777
    if answer.get("same") is True:
        return mode, ordered(mine.values())
    try:
        return mode, read(chunks)
    except ValueError as error:
        raise ActionFailed(f"the controller's answer about {src} is not understood: {error}") from error


def _differs(there: "Item | None", wanted: Item) -> bool:
    return there is None or not there.has_content_of(wanted)


def _parents(path: str) -> "list[str]":
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _flush(host: "Host", top: str) -> None:
    """Bring what was written to the disk: of that file system alone, as another one may be busy, or hang."""
    if not host.ok("sync", "-f", top):
        os.sync()  # that program is older, or a smaller one
