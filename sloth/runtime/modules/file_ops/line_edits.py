"""Lines and blocks of lines that shall stand in a file, or not."""

from sloth.runtime import attributes, editing, lines
from sloth.runtime.action import action
from sloth.runtime.failure import BadArguments
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from re import Pattern
    from typing import Literal

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host

_PATH = ("dest", "file", "name")
_WHERE = {"insertafter": ("after",), "insertbefore": ("before",)}


@action(synonyms={"path": _PATH, "regexp": ("regex", "pattern"), **_WHERE}, diff=True)
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


@action(synonyms={"path": _PATH, "block": ("content",), **_WHERE}, diff=True)
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

    as in lineinfile: create, backup, mode, owner, group, validate

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
