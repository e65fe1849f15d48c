"""Copies of files and directories, from the controller or from the host itself: only what differs is moved."""

import functools
import os
import stat

from sloth.runtime import files, links, trees
from sloth.runtime.attributes import Wanted, apply
from sloth.runtime.failure import ActionFailed
from sloth.runtime.files import absolute, announce, beginning, chunks_of, digest, kind, open_file, put, reach
from sloth.runtime.filling import Filling
from sloth.runtime.host import DIFF_LIMIT
from sloth.runtime.place import Explained, Place, locate, raw, text
from sloth.runtime.transfer import Entry, Offer, ask_for, ask_for_all

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator, Sequence

    from sloth.runtime.host import Host
    from sloth.runtime.swap import Approve

    Ask = Callable[[str, str, bool], Offer]
    AskAll = Callable[[str, Sequence[Entry], bool], Iterator[Offer]]


class Terms:
    """How to copy. `mode` of `want` may be `preserve`: that of the source."""

    def __init__(
        self,
        want: Wanted,
        *,
        backup: bool = False,
        force: bool = True,
        follow: bool = False,
        approve: "Approve | None" = None,
        durable: bool = True
    ) -> None:
        self.want = want
        self.backup = backup
        self.force = force
        self.follow = follow
        self.approve = approve
        self.durable = durable

    def attributes_of_file(self, mode: int) -> Wanted:
        """What the copy of a file of that mode shall have."""
        return self._preserved(mode) if self.want.mode == "preserve" else self._with(self.want.mode)

    def attributes_of_directory(self, mode: int) -> Wanted:
        """What the copy of a directory shall have; a mode that is given is one for files."""
        return self._preserved(mode) if self.want.mode == "preserve" else self._with(None)

    def _preserved(self, mode: int) -> Wanted:
        return Wanted(f"{mode:04o}", self.want.uid, self.want.gid, if_possible=True)

    def _with(self, mode: "str | None") -> Wanted:
        return Wanted(mode, self.want.uid, self.want.gid)


def from_controller(host: "Host", src: str, dest: str, terms: Terms) -> "dict[str, object]":
    """Copy a file or directory that lies on the controller."""
    return _Copy(host, functools.partial(ask_for, host), functools.partial(ask_for_all, host), terms).run(src, dest)


def from_content(host: "Host", content: bytes, path: str, terms: Terms) -> "dict[str, object]":
    """Write a content to an absolute path; the directory of a path is there."""
    if not terms.force and os.path.lexists(raw(path)):
        return {"dest": path, "message": f"{path} exists"}
    saved = files.ensure(
        host, path, content, terms.want, backup=terms.backup, follow=terms.follow, approve=terms.approve
    )
    return {"dest": path, "backup": saved}


def on_host(host: "Host", src: str, dest: str, terms: Terms) -> "dict[str, object]":
    """Copy a file or directory of the host."""
    return _Copy(host, functools.partial(_offer, host), functools.partial(_offers, host), terms).run(src, dest)


def destination(host: "Host", dest: str, name: str) -> str:
    """Where a file of that name goes: below `dest` when that is, or by its final slash shall be, a directory."""
    whole = absolute(host, dest)
    return os.path.join(whole, name) if dest.endswith("/") or os.path.isdir(raw(whole)) else whole


class _Copy:
    """One copy; `ask` gives what the source has, `ask_all` files of a directory of it."""

    def __init__(self, host: "Host", ask: "Ask", ask_all: "AskAll", terms: Terms) -> None:
        self.host = host
        self.ask = ask
        self.ask_all = ask_all
        self.terms = terms

    def run(self, src: str, dest: str) -> "dict[str, object]":
        """Copy; the fields of the result."""
        name = os.path.basename(src.rstrip("/"))
        path = destination(self.host, dest, name)
        if not self.terms.force and os.path.lexists(raw(path)) and not os.path.isdir(raw(path)):
            return {"dest": path, "message": f"{path} exists"}
        offer = self.ask(src, self._present(path), self._content_wanted())
        if offer.entries is None:
            if dest.endswith("/"):
                trees.make(self.host, dest, Wanted())
            return {"dest": path, "backup": receive(self.host, offer, path, self.terms), "checksum": offer.file.sha256}
        top = absolute(self.host, dest)
        if not src.endswith("/"):
            top = os.path.join(top, offer.name)
        with Filling(self.host, self.terms.attributes_of_directory) as filling:
            filling.make(top, offer.file.mode)
            files = [one for one in offer.entries if self._is_to_come(one, os.path.join(top, one.path), filling)]
            for entry, one in zip(files, self.ask_all(src.rstrip("/"), files, self._content_wanted())):
                filling.open_above(os.path.join(top, entry.path))
                receive(self.host, one, os.path.join(top, entry.path), self.terms)
        return {"dest": top, "backup": ""}

    def _content_wanted(self) -> bool:
        return not self.host.check or self.host.settings.diff

    def _present(self, path: str) -> str:
        """The checksum of a regular file, else ''."""
        try:
            place = locate(path, self.terms.follow)
        except FileNotFoundError:
            return ""
        with place:
            found = place.stat()
            return digest(self.host, place) if found is not None and stat.S_ISREG(found.st_mode) else ""

    def _is_to_come(self, entry: Entry, path: str, filling: Filling) -> bool:
        """Whether it is a file whose content has to come; else it is made what it shall be."""
        if entry.kind == "directory":
            if not os.path.lexists(raw(path)):
                filling.open_above(path)
            filling.make(path, entry.mode)
            return False
        if not self.terms.force and os.path.lexists(raw(path)):
            return False
        if entry.kind == "link":
            if not os.path.islink(raw(path)) or os.readlink(raw(path)) != raw(entry.target):
                filling.open_above(path)
                links.symbolic(self.host, path, entry.target, force=True)
            return False
        if self._present(path) != entry.sha256:
            return True
        receive(self.host, Offer(path, {"mode": entry.mode, "same": True}, iter(())), path, self.terms)
        return False


def receive(host: "Host", offer: Offer, path: str, terms: Terms) -> str:
    """Put a file that was offered at a path; the backup's path, or ''."""
    place = reach(host, path, terms.follow)
    if place is None:
        _shown(host, offer, path, None)
        announce(host, f"write {path}")
        return ""
    with place:
        return receive_at(host, offer, place, terms)


def receive_at(host: "Host", offer: Offer, place: Place, terms: Terms) -> str:
    """The same for a place that was reached already."""
    want = terms.attributes_of_file(offer.file.mode)
    if offer.same:
        apply(host, place, want)
        return ""
    chunks = _shown(host, offer, place.path, place)
    return put(host, place, chunks, want, backup=terms.backup, approve=terms.approve, durable=terms.durable)


def _shown(host: "Host", offer: Offer, path: str, place: "Place | None") -> "Iterator[bytes]":
    """The content that is offered. Its difference to what is there is kept for the report, where that is wanted."""
    if not host.settings.diff:
        return offer.content()
    if offer.file.size > DIFF_LIMIT:
        host.tell_diff(path, f"{path}: large file, not shown\n")
        return offer.content()
    content = b"".join(offer.content())
    host.show(path, None if place is None else beginning(place), content)
    return iter([content])


def _offer(host: "Host", src: str, present: str, content: bool) -> Offer:
    """The host's own file or directory, in the form in which the controller would offer it."""
    name = os.path.basename(src.rstrip("/"))
    with Explained("read", src), trees.nested("read", src), locate(absolute(host, src), follow=True) as place:
        found = place.stat()
        if found is None:
            raise ActionFailed(f"cannot copy {src}: it does not exist")
        if stat.S_ISDIR(found.st_mode):
            entries = [_fields(host, inner, place) for inner in trees.walk(host, place)]
            entries.sort(key=lambda one: str(one["path"]))  # a directory comes before what it holds
            return Offer(src, {"name": name, "mode": stat.S_IMODE(found.st_mode), "directory": entries}, iter(()))
        fields = _fields(host, place, place)
        same = fields["sha256"] == present
        return Offer(src, dict(fields, name=name, same=same), _content(host, src) if content and not same else iter(()))


def _offers(host: "Host", src: str, entries: "Sequence[Entry]", content: bool) -> "Iterator[Offer]":
    for entry in entries:
        yield _offer(host, f"{src}/{entry.path}", "", content)


def _content(host: "Host", src: str) -> "Iterator[bytes]":
    with Explained("read", src), locate(absolute(host, src), follow=True) as place:
        yield from chunks_of(host, open_file(place))


def _fields(host: "Host", place: Place, top: Place) -> "dict[str, object]":
    found = place.stat()
    if found is None:
        raise ActionFailed(f"{place.path} went away while it was copied")
    fields = {"path": os.path.relpath(place.path, top.path), "mode": stat.S_IMODE(found.st_mode)}  # type: dict[str, object]
    if stat.S_ISDIR(found.st_mode):
        fields["kind"] = "directory"
    elif stat.S_ISLNK(found.st_mode):
        fields.update(kind="link", target=text(place.target()))
    elif stat.S_ISREG(found.st_mode):
        fields.update(kind="file", size=found.st_size, sha256=digest(host, place))
    else:
        raise ActionFailed(f"cannot copy {place.path}: it is {kind(found.st_mode)}")
    return fields
