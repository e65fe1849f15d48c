"""Files, directories and links as they shall be: content, lines, owner, mode.

A second run changes nothing. Contents are replaced in one step and keep owner, mode and attributes of
what they replace; `validate` sees the new content before anything else does. Paths on the host may
begin with `~`, and relative ones start at the task's workdir.
"""

import json
import os

from sloth.runtime import attributes, copying, editing, files, lines, links, syncing, trees
from sloth.runtime.action import action
from sloth.runtime.archive_actions import archive as archive  # noqa: PLC0414  # an action of this module
from sloth.runtime.archive_actions import unarchive as unarchive  # noqa: PLC0414  # another
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.far_files import download as download  # noqa: PLC0414  # an action of this module
from sloth.runtime.far_files import fetch as fetch  # noqa: PLC0414  # another
from sloth.runtime.finding import find as find  # noqa: PLC0414  # another
from sloth.runtime.looking import describe
from sloth.runtime.place import Explained, locate, raw
from sloth.runtime.text_actions import ini as ini  # noqa: PLC0414  # another
from sloth.runtime.text_actions import replace as replace  # noqa: PLC0414  # another

MYPY = False
if MYPY:
    from re import Pattern
    from typing import Literal  # novermin - for mypy alone

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host

_PATH = ("dest", "file", "name")
_WHERE = {"insertafter": ("after",), "insertbefore": ("before",)}
_ENDS = {"keep": None, "lf": b"\n", "crlf": b"\r\n"}


@action(synonyms={"src": ("source",), "dest": ("path", "destination")})
def copy(
    host: "Host",
    *,
    src: "str | None" = None,
    dest: str,
    content: "str | dict[str, object] | list[object] | None" = None,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    backup: bool = False,
    force: bool = True,
    validate: "str | None" = None,
    follow: bool = False,
    remote_src: bool = False
) -> "dict[str, object]":
    """Make a file on the host equal to one of the controller, or to a given content.

    A directory is copied with all in it: `src` ending in a slash means what it holds, else itself.

    src: a file or directory on the controller, relative to the workflow's or role's files
    dest: where it goes; a directory, or a path ending in a slash, takes it under its own name
    content: the content itself in place of `src`; a table is written as JSON
    mode: "0644", "u=rw,g=r" or "preserve" (that of the source); without it an existing file keeps its own
    owner: the user to own it
    group: the group to own it
    backup: keep the old content beside the file, with the time in its name
    force: false leaves a file that exists as it is
    validate: a command that must accept the new content, with %s for its path
    follow: true writes through a symbolic link at `dest` instead of replacing the link
    remote_src: true takes `src` from the host itself

    example: file_ops.copy { src = "motd", dest = "/etc/motd", mode = "0644" }
    example: file_ops.copy { content = "hello\\n", dest = "/srv/hello", owner = "www-data" }
    """
    if (src is None) == (content is None):
        raise BadArguments("file_ops.copy: give either src or content")
    want = attributes.wanted(host, mode, owner, group)
    approve = files.approver(host, validate)
    terms = copying.Terms(want, backup=backup, force=force, follow=follow, approve=approve)
    if src is not None:
        return (copying.on_host if remote_src else copying.from_controller)(host, src, dest, terms)
    path = files.absolute(host, dest)
    if mode == "preserve":
        raise BadArguments('file_ops.copy: content has no mode to preserve; write it, such as "0644"')
    if os.path.isdir(raw(path)):
        raise ActionFailed(f"cannot write {dest}: it is a directory; name the file in it")
    if not isinstance(content, str):
        content = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    return copying.from_content(host, raw(content), path, terms)


@action(synonyms={"src": ("source",), "dest": ("path", "destination")})
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
    want = attributes.wanted(host, mode, owner, group)
    terms = copying.Terms(want, durable=False)
    return syncing.sync(host, src.rstrip("/"), dest, terms, delete=delete, exclude=exclude)


@action(synonyms={"src": ("source",), "dest": ("path", "destination"), "vars": ("values", "data")})
def template(
    host: "Host",
    *,
    src: str,
    dest: str,
    vars: "dict[str, object] | None" = None,  # noqa: A002 - the name that users write
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    backup: bool = False,
    force: bool = True,
    validate: "str | None" = None,
    follow: bool = False,
    newline: "Literal['keep', 'lf', 'crlf']" = "keep",
    encoding: str = "utf-8"
) -> "dict[str, object]":
    """Make a file on the host equal to a rendered template (Jinja2) of the controller.

    src: the template, relative to the workflow's or role's templates
    dest: where the text goes; a directory takes it under the template's name, without `.j2`
    vars: variables beside those that the host has
    mode: "0644" or "u=rw,g=r"; without it an existing file keeps its own
    owner: the user to own it
    group: the group to own it
    backup: keep the old content beside the file, with the time in its name
    force: false leaves a file that exists as it is
    validate: a command that must accept the new content, with %s for its path
    follow: true writes through a symbolic link at `dest` instead of replacing the link
    newline: how lines end: as in the template, all LF, or all CRLF
    encoding: of the file that is written

    example: file_ops.template { src = "nginx.conf.j2", dest = "/etc/nginx/nginx.conf", validate = "nginx -t -c %s" }
    """
    if mode == "preserve":
        raise BadArguments('file_ops.template: a template has no mode to preserve; write it, such as "0644"')
    want = attributes.wanted(host, mode, owner, group)
    approve = files.approver(host, validate)
    terms = copying.Terms(want, backup=backup, force=force, follow=follow, approve=approve)
    name = os.path.basename(src)
    path = copying.destination(host, dest, name[:-3] if name.endswith(".j2") else name)
    content = _encoded(_rendered(host, src, vars or {}), encoding)
    ending = _ENDS[newline]
    if ending is not None:
        content = content.replace(b"\r\n", b"\n").replace(b"\n", ending)
    if dest.endswith("/"):
        trees.make(host, dest, Wanted())
    return copying.from_content(host, content, path, terms)


def _rendered(host: "Host", src: str, variables: "dict[str, object]") -> str:
    answer = host.ask("template", {"src": src, "vars": variables})
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ActionFailed(f"the controller's answer about the template {src} is not understood")
    return str(answer["text"])


def _encoded(whole: str, encoding: str) -> bytes:
    try:
        return whole.encode(encoding, "surrogateescape")
    except LookupError as error:
        raise BadArguments(f"file_ops.template: there is no encoding {encoding}") from error
    except UnicodeEncodeError as error:
        raise ActionFailed(f"the rendered text cannot be written as {encoding}: {error}") from error


@action(synonyms={"path": _PATH, "regexp": ("regex", "pattern"), **_WHERE})
def lineinfile(
    host: "Host",
    *,
    path: str,
    line: "str | None" = None,
    regexp: "str | None" = None,
    search_string: "str | None" = None,
    state: "Literal['present', 'absent']" = "present",
    insertafter: "str | None" = None,
    insertbefore: "str | None" = None,
    backrefs: bool = False,
    firstmatch: bool = False,
    create: bool = False,
    backup: bool = False,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    validate: "str | None" = None
) -> "dict[str, object]":
    """Make sure that a line is in a file, in the place of one that matches; or that no such line is.

    path: the file; through a symbolic link the file it leads to
    line: the line, without its end
    regexp: the line to replace (the last that matches); for `absent` the lines to remove
    search_string: the same as text in place of a pattern
    state: whether the line shall be there
    insertafter: where no line matches: behind the last line that matches this, or EOF
    insertbefore: where no line matches: before the last line that matches this, or BOF
    backrefs: `line` may use groups of `regexp` (\\1, \\g<name>); without a match the file stays as it is
    firstmatch: take the first match instead of the last
    create: make a missing file, and its directory
    backup: keep the old content beside the file, with the time in its name
    mode: "0644" or "u=rw,g=r"
    owner: the user to own it
    group: the group to own it
    validate: a command that must accept the new content, with %s for its path

    example: file_ops.lineinfile { path = "/etc/ssh/sshd_config", regexp = "^#?Port ", line = "Port 22" }
    example: file_ops.lineinfile { path = "/etc/hosts", regexp = "\\\\sold\\\\.example$", state = "absent" }
    """
    new, match = _line_terms(host, line, regexp, search_string, backrefs)
    if new is None and (state == "present" or match is None):
        raise BadArguments("file_ops.lineinfile: give line" + (" or regexp" if state == "absent" else ""))
    anchor = lines.Anchor(insertafter, insertbefore, firstmatch)
    count = 0

    def change(content: bytes) -> bytes:
        nonlocal count
        if state == "absent":
            content, count = lines.without_lines(content, new, match)
            return content
        assert new is not None
        return lines.with_line(content, new, match, anchor, first=firstmatch, backrefs=backrefs)

    missing = "fine" if state == "absent" else "create" if create else "fail"
    terms = editing.Terms(attributes.wanted(host, mode, owner, group), missing, backup, validate)
    saved = editing.edit(host, path, change, terms)
    return {"backup": saved, "found": count} if state == "absent" else {"backup": saved}


def _line_terms(
    host: "Host", line: "str | None", regexp: "str | None", search_string: "str | None", backrefs: bool
) -> "tuple[bytes | None, Pattern[bytes] | None]":
    if regexp is not None and search_string is not None:
        raise BadArguments("file_ops.lineinfile: regexp and search_string exclude each other")
    if backrefs and regexp is None:
        raise BadArguments("file_ops.lineinfile: backrefs needs regexp")
    if "" in {regexp, search_string}:
        host.warn("an empty pattern matches every line")
    new = None if line is None else lines.body(raw(line))
    if new is not None and b"\n" in new:
        raise BadArguments("file_ops.lineinfile: line has more than one line; file_ops.blockinfile takes several")
    if search_string is not None:
        return new, lines.literal(search_string)
    return new, None if regexp is None else lines.pattern(regexp)


@action(synonyms={"path": _PATH, "block": ("content",), **_WHERE})
def blockinfile(
    host: "Host",
    *,
    path: str,
    block: str = "",
    marker: str = "# {mark} SLOTH MANAGED BLOCK",
    marker_begin: str = "BEGIN",
    marker_end: str = "END",
    state: "Literal['present', 'absent']" = "present",
    insertafter: "str | None" = None,
    insertbefore: "str | None" = None,
    prepend_newline: bool = False,
    append_newline: bool = False,
    create: bool = False,
    backup: bool = False,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    validate: "str | None" = None
) -> "dict[str, object]":
    """Make sure that some lines stand in a file between two marker lines; or that block and markers do not.

    path: the file; through a symbolic link the file it leads to
    block: the lines; none takes the block away
    marker: the marker line, with {mark} where begin and end differ; one for each block of a file
    marker_begin: what {mark} is in the first marker line
    marker_end: what {mark} is in the last marker line
    state: whether the block shall be there
    insertafter: a new block goes behind the last line that matches this, or EOF
    insertbefore: a new block goes before the last line that matches this, or BOF
    prepend_newline: an empty line before the block
    append_newline: an empty line after the block
    create: make a missing file, and its directory
    backup: keep the old content beside the file, with the time in its name
    mode: "0644" or "u=rw,g=r"
    owner: the user to own it
    group: the group to own it
    validate: a command that must accept the new content, with %s for its path

    example: file_ops.blockinfile { path = "/etc/hosts", block = "10.0.0.1 db\\n10.0.0.2 cache" }
    """
    if "{mark}" not in marker or "\n" in marker or marker_begin == marker_end:
        raise BadArguments("file_ops.blockinfile: marker must be one line with {mark} in it, the marks must differ")
    markers = raw(marker.replace("{mark}", marker_begin)), raw(marker.replace("{mark}", marker_end))
    anchor = lines.Anchor(insertafter, insertbefore)
    text = raw(block) if state == "present" else b""

    def change(content: bytes) -> bytes:
        return lines.with_block(content, text, markers, anchor, blank=(prepend_newline, append_newline))

    missing = "fine" if not text else "create" if create else "fail"
    terms = editing.Terms(attributes.wanted(host, mode, owner, group), missing, backup, validate)
    return {"backup": editing.edit(host, path, change, terms)}


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
    trees.make(host, path, want)
    whole = files.absolute(host, path)
    if recurse and os.path.isdir(raw(whole)):
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


@action(synonyms={"src": ("target", "source"), "dest": ("path", "link", "name")})
def link(
    host: "Host",
    *,
    src: str,
    dest: str,
    hard: bool = False,
    force: bool = False,
    owner: "str | int | None" = None,
    group: "str | int | None" = None
) -> None:
    """Make sure that a path is a link to another.

    src: what the link points to; a relative one is kept so, and counts from the link's directory
    dest: the link
    hard: a hard link: another name of the same file
    force: replace a file or empty directory at `dest`, and do not mind a missing `src`
    owner: the user to own the link itself
    group: the group to own the link itself

    example: file_ops.link { src = "/srv/app/releases/42", dest = "/srv/app/current" }
    """
    want = attributes.wanted(host, None, owner, group)
    (links.hard if hard else links.symbolic)(host, dest, src, force)
    place = files.reach(host, dest)
    if place is not None:
        with place:
            attributes.apply(host, place, want)


@action(synonyms={"path": (*_PATH, "dir")})
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


@action(synonyms={"path": _PATH}, query=True)
def stat(host: "Host", *, path: str, follow: bool = False, checksum: bool = False) -> "dict[str, object]":
    """Look at a path: `exists`, and if so its kind, mode, owner, size and times.

    path: the path
    follow: look at what a symbolic link leads to
    checksum: add the sha256 of a file's content

    example: if file_ops.stat("/etc/nginx").is_dir then log.info("nginx is there") end
    """
    whole = files.absolute(host, path)
    fields = describe(whole, follow)
    if checksum and fields.get("is_file"):
        with Explained("read", whole), locate(whole, follow) as place:
            fields["checksum"] = files.digest(host, place)
    return fields
