"""Files with a given content: copied from the controller, written out, rendered from a template."""

import json
import os

from sloth.runtime import attributes, copying, files, trees
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host

_ENDS = {"keep": None, "lf": b"\n", "crlf": b"\r\n"}


@action(synonyms={"src": ("source",), "dest": ("path", "destination")}, diff=True)
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


@action(synonyms={"src": ("source",), "dest": ("path", "destination"), "vars": ("values", "data")}, diff=True)
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
    encoding: str = "utf-8",
    trim_blocks: bool = True,
    lstrip_blocks: bool = False
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
    trim_blocks: drop the newline behind a block such as {% if %}
    lstrip_blocks: drop the blanks before a block that begins its line

    example: file_ops.template { src = "nginx.conf.j2", dest = "/etc/nginx/nginx.conf", validate = "nginx -t -c %s" }
    """
    if mode == "preserve":
        raise BadArguments('file_ops.template: a template has no mode to preserve; write it, such as "0644"')
    want = attributes.wanted(host, mode, owner, group)
    approve = files.approver(host, validate)
    terms = copying.Terms(want, backup=backup, force=force, follow=follow, approve=approve)
    name = os.path.basename(src)
    path = copying.destination(host, dest, name[:-3] if name.endswith(".j2") else name)
    question = {"src": src, "vars": vars or {}, "trim_blocks": trim_blocks, "lstrip_blocks": lstrip_blocks}
    content = _encoded(_rendered(host, question), encoding)
    ending = _ENDS[newline]
    if ending is not None:
        content = content.replace(b"\r\n", b"\n").replace(b"\n", ending)
    if dest.endswith("/"):
        trees.make(host, dest, Wanted())
    return copying.from_content(host, content, path, terms)


def _rendered(host: "Host", question: "dict[str, object]") -> str:
    answer = host.ask("template", question)
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ActionFailed(f"the controller's answer about the template {question['src']} is not understood")
    return str(answer["text"])


def _encoded(whole: str, encoding: str) -> bytes:
    try:
        return whole.encode(encoding, "surrogateescape")
    except LookupError as error:
        raise BadArguments(f"file_ops.template: there is no encoding {encoding}") from error
    except UnicodeEncodeError as error:
        raise ActionFailed(f"the rendered text cannot be written as {encoding}: {error}") from error
