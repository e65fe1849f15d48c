"""Checks of paths: what is there, its content, mode, owner and size."""

import os
import re
import stat

from sloth.runtime import files
from sloth.runtime.action import SAME, action
from sloth.runtime.attributes import Wanted, group_name
from sloth.runtime.failure import BadArguments
from sloth.runtime.modules.infra_test.requiring import require
from sloth.runtime.place import raw, user_name

MYPY = False
if MYPY:
    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host


@action(check=SAME)
def file_exists(host: "Host", *, path: str) -> None:
    """There is something at this path.

    path: the path

    example: infra_test.file_exists("/etc/nginx/nginx.conf")
    """
    require(host, _stat(host, path) is not None, f"{path} does not exist")


@action(check=SAME)
def is_file(host: "Host", *, path: str) -> None:
    """There is a regular file at this path.

    path: the path

    example: infra_test.is_file("/etc/nginx/nginx.conf")
    """
    found = _there(host, path)
    require(host, found is None or stat.S_ISREG(found.st_mode), f"{path} is {_kind(found)}")


@action(check=SAME)
def is_directory(host: "Host", *, path: str) -> None:
    """There is a directory at this path.

    path: the path

    example: infra_test.is_directory("/srv/www")
    """
    found = _there(host, path)
    require(host, found is None or stat.S_ISDIR(found.st_mode), f"{path} is {_kind(found)}")


@action(synonyms={"text": ("content", "string")}, check=SAME)
def file_contains(host: "Host", *, path: str, text: "str | None" = None, pattern: "str | None" = None) -> None:
    """A file has this text in it, or a line that this regular expression is found in.

    path: the file
    text: the text, as it is
    pattern: a regular expression (Python's), in place of a text

    example: infra_test.file_contains("/etc/ssh/sshd_config", "PermitRootLogin no")
    example: infra_test.file_contains { path = "/etc/hosts", pattern = [[^127\\.0\\.0\\.1\\s]] }
    """
    if (text is None) == (pattern is None):
        raise BadArguments("infra_test.file_contains: give either text or pattern")
    if _there(host, path) is None:
        return
    with open(raw(files.absolute(host, path)), "rb") as file:
        content = file.read().decode("utf-8", "surrogateescape")
    holds = text in content if text is not None else _searched(str(pattern), content)
    require(host, holds, f"{path} does not have {text or pattern!r} in it")


@action(check=SAME)
def file_mode(host: "Host", *, path: str, mode: "Mode") -> None:
    """A path has this mode.

    path: the path
    mode: such as "0644"

    example: infra_test.file_mode("/etc/shadow", "0640")
    """
    found = _there(host, path)
    if found is not None:
        now = stat.S_IMODE(found.st_mode)
        bits = Wanted(mode).bits(now, stat.S_ISDIR(found.st_mode))
        require(host, bits == now, f"{path} has the mode {now:04o}, wanted {bits:04o}")


@action(check=SAME)
def file_owner(host: "Host", *, path: str, owner: "str | int") -> None:
    """A path belongs to this user.

    path: the path
    owner: the name or number of the user

    example: infra_test.file_owner("/srv/www", "www-data")
    """
    found = _there(host, path)
    if found is not None:
        now = user_name(found.st_uid)
        require(host, str(owner) in (now, str(found.st_uid)), f"{path} belongs to {now}, wanted {owner}")


@action(check=SAME)
def file_group(host: "Host", *, path: str, group: "str | int") -> None:
    """A path belongs to this group.

    path: the path
    group: the name or number of the group

    example: infra_test.file_group("/srv/www", "www-data")
    """
    found = _there(host, path)
    if found is not None:
        now = group_name(found.st_gid)
        require(host, str(group) in (now, str(found.st_gid)), f"{path} is of the group {now}, wanted {group}")


@action(check=SAME)
def file_size(
    host: "Host", *, path: str, size: "int | None" = None, least: "int | None" = None, most: "int | None" = None
) -> None:
    """A file has this size, or one in between.

    path: the file
    size: bytes
    least: it has to have as many bytes at least
    most: it may have as many bytes at most

    example: infra_test.file_size { path = "/var/log/app.log", most = 10485760 }
    """
    found = _there(host, path)
    if found is not None:
        now = found.st_size
        holds = (size is None or now == size) and (least is None or now >= least) and (most is None or now <= most)
        require(host, holds, f"{path} has {now} bytes")


def _stat(host: "Host", path: str) -> "os.stat_result | None":
    try:
        return os.stat(raw(files.absolute(host, path)))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _there(host: "Host", path: str) -> "os.stat_result | None":
    """What stat(2) says of a path that has to be there; None in a check that it may pass later."""
    found = _stat(host, path)
    require(host, found is not None, f"{path} does not exist")
    return found


def _kind(found: "os.stat_result | None") -> str:
    return "" if found is None else files.kind(found.st_mode)


def _searched(pattern: str, content: str) -> bool:
    try:
        return re.search(pattern, content, re.MULTILINE) is not None
    except re.error as error:
        raise BadArguments(f"{pattern!r} is no regular expression: {error}") from error
