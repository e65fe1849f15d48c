"""A tree of the controller, made equal on the host: one question, one manifest, one stream of all that differs.

The host says the sum of what it has. Where the controller's tree has the same, that was all; else it sends the
manifest, and then, in one stream, the contents that are asked for. Each is checked before it takes its name. Files
reach the disk all at once, at the end: after a loss of power some may be damaged, and the next run mends them.
"""

import os
import stat

from sloth.runtime import links, trees
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted, apply, wanted
from sloth.runtime.copying import Terms, receive
from sloth.runtime.failure import ActionFailed
from sloth.runtime.files import absolute, digest, kind, reach
from sloth.runtime.manifest import DIRECTORY, FILE, LINK, Excluded, Item, ordered
from sloth.runtime.manifest import digest as sum_of
from sloth.runtime.place import Explained, Place, locate, raw, text
from sloth.runtime.transfer import Offer

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
    mine = {item.path: item for item in _tree(host, top, Excluded(exclude))}
    src = src.rstrip("/")
    answer = host.ask("tree", {"src": src, "exclude": list(exclude), "known": sum_of(mine.values())})
    own_mode, theirs = _manifest(src, answer, mine)
    work = _Sync(host, src, top, terms)
    work.clear(mine, theirs, delete=delete)
    trees.make(host, top, terms.attributes_of_directory(own_mode))
    changed = work.bring([item for item in theirs if _differs(mine.get(item.path), item)])
    work.dress([item for item in theirs if item.path not in changed], mine)
    removed = work.remove(mine, theirs) if delete else 0
    if changed and not host.check:
        os.sync()
    return {"dest": top, "written": len(changed), "removed": removed, "entries": len(theirs)}


class _Sync:
    """One sync on its way."""

    def __init__(self, host: "Host", src: str, top: str, terms: Terms) -> None:
        self.host = host
        self.src = src
        self.top = top
        self.terms = terms

    def path(self, item: Item) -> str:
        """Where an entry lies on the host."""
        return f"{self.top}/{item.path}"

    def clear(self, mine: "dict[str, Item]", theirs: "Sequence[Item]", *, delete: bool) -> None:
        """Take away what has the name of something else; a directory only when things may be deleted."""
        for item in theirs:
            there = mine.get(item.path)
            if there is None or there.kind == item.kind or DIRECTORY not in (there.kind, item.kind):
                continue
            if there.kind == DIRECTORY and not delete:
                what = f"{self.path(item)} is a directory, and a file in {self.src}"
                raise ActionFailed(f"{what}; delete = true removes it")
            trees.remove(self.host, self.path(item))
            for path in [one for one in mine if one == item.path or one.startswith(item.path + "/")]:
                del mine[path]

    def bring(self, items: "Sequence[Item]") -> "set[str]":
        """Make what is missing or different, all from one stream; the paths."""
        for item in items:
            if item.kind == DIRECTORY:
                trees.make(self.host, self.path(item), self.terms.attributes_of_directory(item.mode))
            elif item.kind == LINK:
                links.symbolic(self.host, self.path(item), item.target, force=True)
        wanted = [item for item in items if item.kind == FILE]
        if wanted:
            chunks = _Stream(self._contents(wanted))
            for item in wanted:
                fields = {"name": item.path, "size": item.size, "sha256": item.sha256, "mode": item.mode}
                content = chunks.take(item.size)
                receive(self.host, Offer(f"{self.src}/{item.path}", fields, content), self.path(item), self.terms)
                for _ in content:
                    pass  # what a check had no use for lies before what comes next
        return {item.path for item in items}

    def _contents(self, wanted: "Sequence[Item]") -> "Iterator[bytes]":
        if self.host.check and not self.host.settings.diff:
            return iter(())
        _, chunks = self.host.receive("contents", {"src": self.src, "paths": [item.path for item in wanted]})
        return chunks

    def dress(self, items: "Sequence[Item]", mine: "dict[str, Item]") -> None:
        """Set the attributes of what is there already, where they differ."""
        owned = self.terms.want.uid is not None or self.terms.want.gid is not None
        for item in items:
            there = mine.get(item.path)
            if there is None or item.kind == LINK:
                continue
            wanted = self._attributes(item)
            if owned or wanted.bits(there.mode, item.kind == DIRECTORY) != there.mode:
                place = reach(self.host, self.path(item))
                if place is not None:
                    with place:
                        apply(self.host, place, wanted)

    def _attributes(self, item: Item) -> Wanted:
        if item.kind == DIRECTORY:
            return self.terms.attributes_of_directory(item.mode)
        return self.terms.attributes_of_file(item.mode)

    def remove(self, mine: "dict[str, Item]", theirs: "Sequence[Item]") -> int:
        """Remove what the source does not have; of a tree its top alone, with all in it."""
        kept = {item.path for item in theirs}
        extra = [item for item in ordered(mine.values()) if item.path not in kept]
        tops = [item for item in extra if not any(above not in kept for above in _parents(item.path))]
        for item in tops:
            trees.remove(self.host, self.path(item))
        return len(tops)


class _Stream:
    """The contents of many files behind each other."""

    def __init__(self, chunks: "Iterator[bytes]") -> None:
        self._chunks = chunks
        self._left = b""

    def take(self, size: int) -> "Iterator[bytes]":
        """The next so many bytes; fewer when the stream ends."""
        while size:
            data = self._left or next(self._chunks, b"")
            if not data:
                return
            part, self._left = data[:size], data[size:]
            size -= len(part)
            yield part


def _manifest(src: str, answer: object, mine: "dict[str, Item]") -> "tuple[int, list[Item]]":
    """The mode of the top, and the entries."""
    if isinstance(answer, dict) and isinstance(answer.get("mode"), int):
        mode, entries = int(answer["mode"]) & 0o7777, answer.get("entries")
        if answer.get("same") is True:
            return mode, ordered(mine.values())
        if isinstance(entries, list):
            try:
                return mode, ordered(Item.from_plain(entry) for entry in entries)
            except ValueError as error:
                raise ActionFailed(f"the controller's answer about {src} is not understood: {error}") from error
    raise ActionFailed(f"the controller's answer about {src} is not understood")


def _differs(there: "Item | None", wanted: Item) -> bool:
    return there is None or not there.has_content_of(wanted)


def _parents(path: str) -> "list[str]":
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _tree(host: "Host", top: str, excluded: Excluded) -> "Iterator[Item]":
    """What lies below a path of the host; nothing where nothing is."""
    if not os.path.lexists(raw(top)):
        return
    with Explained("list", top), locate(top, follow=True) as place:
        found = place.stat()
        if found is not None and not stat.S_ISDIR(found.st_mode):
            raise ActionFailed(f"cannot sync into {top}: it is {kind(found.st_mode)}")
        yield from _below(host, place, "", excluded)


def _below(host: "Host", folder: Place, prefix: str, excluded: Excluded) -> "Iterator[Item]":
    host.token.check()
    for name in folder.names():
        path = prefix + text(name)
        if path in excluded:
            continue
        with folder.inside(name) as place:
            found = place.stat()
            if found is None:
                continue  # gone meanwhile
            mode = stat.S_IMODE(found.st_mode)
            if stat.S_ISDIR(found.st_mode):
                yield Item(DIRECTORY, path, mode)
                yield from _below(host, place, path + "/", excluded)
            elif stat.S_ISLNK(found.st_mode):
                yield Item(LINK, path, target=text(place.target()))
            elif stat.S_ISREG(found.st_mode):
                yield Item(FILE, path, mode, found.st_size, digest(host, place))
            else:
                yield Item(kind(found.st_mode), path, mode)  # a pipe or a device: the same as nothing we have
