"""Whole trees of the controller, made equal on the host."""

from sloth.runtime import attributes, copying, syncing
from sloth.runtime.action import action

MYPY = False
if MYPY:
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
    want = attributes.wanted(host, mode, owner, group)
    terms = copying.Terms(want, durable=False)
    return syncing.sync(host, src.rstrip("/"), dest, terms, delete=delete, exclude=exclude)
