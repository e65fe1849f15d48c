"""Texts in a file, replaced; options of INI files."""

import re

from sloth.runtime import attributes, editing, lines
from sloth.runtime.action import action
from sloth.runtime.failure import BadArguments
from sloth.runtime.modules.file_ops import inifile
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from re import Pattern
    from typing import Literal

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host

_PATH = ("dest", "file", "name")


@action(synonyms={"path": _PATH, "pattern": ("regexp", "regex"), "replacement": ("replace", "with")}, diff=True)
def replace(
    host: "Host",
    *,
    path: str,
    pattern: str,
    replacement: str = "",
    after: "str | None" = None,
    before: "str | None" = None,
    backup: bool = False,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    validate: "str | None" = None
) -> "dict[str, object]":
    """Replace all that a pattern matches in a file.

    path: the file; through a symbolic link the file it leads to
    pattern: a regular expression, in which ^ and $ are those of each line; it may span lines
    replacement: what takes its place, with groups of the pattern (\\1, \\g<name>); nothing when not given
    after: only behind the first match of this
    before: only in front of the first match of this
    backup: keep the old content beside the file, with the time in its name
    mode: "0644" or "u=rw,g=r"
    owner: the user to own it
    group: the group to own it
    validate: a command that must accept the new content, with %s for its path

    example: file_ops.replace { path = "/etc/hosts", pattern = "\\\\bold\\\\b", replacement = "new" }
    """
    found, bounds = _compiled(pattern), (_bound(after), _bound(before))
    if not pattern:
        host.warn("an empty pattern matches everywhere")
    count = 0

    def change(content: bytes) -> bytes:
        nonlocal count
        start, stop = _span(content, *bounds)
        try:
            middle, count = found.subn(raw(replacement), content[start:stop])
        except (re.error, IndexError) as error:
            raise BadArguments(f"file_ops.replace: replacement does not fit the pattern: {error}") from error
        return content[:start] + middle + content[stop:]

    terms = editing.Terms(attributes.wanted(host, mode, owner, group), "fail", backup, validate)
    saved = editing.edit(host, path, change, terms)
    return {"backup": saved, "count": count}


def _compiled(pattern: str) -> "Pattern[bytes]":
    lines.pattern(pattern)  # the error of a pattern that is none
    return re.compile(raw(pattern), re.MULTILINE)


def _bound(pattern: "str | None") -> "Pattern[bytes] | None":
    return None if pattern is None else _compiled(pattern)


def _span(content: bytes, after: "Pattern[bytes] | None", before: "Pattern[bytes] | None") -> "tuple[int, int]":
    """Where to replace; nowhere when a bound is not found."""
    start, stop = 0, len(content)
    if after is not None:
        found = after.search(content)
        if found is None:
            return 0, 0
        start = found.end()
    if before is not None:
        found = before.search(content, start)
        if found is None:
            return 0, 0
        stop = found.start()
    return start, stop


@action(synonyms={"path": _PATH, "option": ("key",)}, diff=True)
def ini(
    host: "Host",
    *,
    path: str,
    section: str = "",
    option: "str | None" = None,
    value: "str | int | float | None" = None,
    state: "Literal['present', 'absent']" = "present",
    no_extra_spaces: bool = False,
    create: bool = True,
    backup: bool = False,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    validate: "str | None" = None
) -> "dict[str, object]":
    """Make sure that an option of an INI file has a value, or is not there; comments and all else stay.

    path: the file; through a symbolic link the file it leads to
    section: the section, which is made; none is what comes before the first
    option: the option; without it, state absent takes the whole section away
    value: its value
    state: whether it shall be there
    no_extra_spaces: write `option=value`
    create: make a missing file, and its directory
    backup: keep the old content beside the file, with the time in its name
    mode: "0644" or "u=rw,g=r"
    owner: the user to own it
    group: the group to own it
    validate: a command that must accept the new content, with %s for its path

    example: file_ops.ini { path = "/etc/php/php.ini", section = "PHP", option = "memory_limit", value = "256M" }
    example: file_ops.ini { path = "/etc/my.cnf", section = "mysqld", option = "skip-networking", state = "absent" }
    """
    text = "" if value is None else str(value)
    if any(char in section + (option or "") + text for char in "\n\r\0") or "]" in section:
        raise BadArguments("file_ops.ini: section, option and value are each of one line, a section without ]")
    if state == "present" and (option is None or value is None):
        raise BadArguments("file_ops.ini: give option and value")
    if state == "absent" and option is None and not section:
        raise BadArguments("file_ops.ini: give option or section")

    def change(content: bytes) -> bytes:
        if state == "absent":
            return inifile.without_option(content, section, option)
        return inifile.with_option(content, section, str(option), text, not no_extra_spaces)

    missing = "fine" if state == "absent" else "create" if create else "fail"
    terms = editing.Terms(attributes.wanted(host, mode, owner, group), missing, backup, validate)
    return {"backup": editing.edit(host, path, change, terms)}
