"""The SSH server's configuration: options that it has checked before it reads them, and that cut no session.

Of several values sshd takes the first. So an option goes to a file of its own that is read before all others, where
the server's configuration includes such files (Debian 11 and later, RHEL 9); else into sshd_config itself.
"""

import os
import re

from sloth.runtime import editing, lines
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import last_words
from sloth.runtime.place import raw
from sloth.runtime.privilege import become_hint
from sloth.runtime.services import NothingStartsServices, manager_of

MYPY = False
if MYPY:
    from re import Pattern
    from typing import Literal

    from sloth.runtime.host import Host

_MAIN = "/etc/ssh/sshd_config"
_OWN = "/etc/ssh/sshd_config.d/00-sloth.conf"
_INCLUDE = re.compile(r"^\s*Include\s+/etc/ssh/sshd_config\.d/\*\.conf", re.MULTILINE | re.IGNORECASE)
_KEY = re.compile(r"^[A-Za-z0-9]+$")
_SERVERS = ("ssh", "sshd")  # by the names of their services
_OF_A_SOCKET = {"port", "listenaddress", "addressfamily"}  # where systemd listens for the server, it is told elsewhere


@action(synonyms={"key": ("name", "option"), "file": ("path",)}, diff=True)
def option(
    host: "Host",
    *,
    key: str,
    value: "str | int | bool | None" = None,
    validate: bool = True,
    state: "Literal['present', 'absent']" = "present",
    file: "str | None" = None,
    reload: bool = True
) -> "dict[str, object]":
    """Make sure that the SSH server has an option, checked by sshd itself, and in use.

    key: the option, such as PermitRootLogin
    value: its value; true and false are yes and no
    validate: false leaves out sshd's own check, for an option that only a later version of it knows
    state: absent takes it out of our file, so that the server's own value holds again
    file: the file for it; 00-sloth.conf in /etc/ssh/sshd_config.d where that is read, else sshd_config
    reload: tell a running server; sessions go on

    example: sshd.option("PasswordAuthentication", false)
    example: sshd.option { key = "AllowUsers", value = "deploy ann" }
    """
    if (value is None) != (state == "absent"):
        raise BadArguments("sshd.option: value is for state present, and wanted there")
    return _settle(host, {key: None if value is None else _written(key, value)}, file, validate=validate, reload=reload)


@action(synonyms={"options": ("values",), "file": ("path",)}, diff=True)
def options(
    host: "Host",
    *,
    options: "dict[str, str | int | bool]" = {},  # noqa: B006  # a default that nobody can change
    absent: "list[str]" = (),  # type: ignore[assignment]  # another
    validate: bool = True,
    file: "str | None" = None,
    reload: bool = True
) -> "dict[str, object]":
    """Make sure that the SSH server has these options: one change, checked by sshd itself, and in use after one reload.

    options: each option and its value; true and false are yes and no
    absent: options to take out of our file, so that the server's own values hold again

    as in option: validate, file, reload

    example: sshd.options { PasswordAuthentication = false, PermitRootLogin = "prohibit-password", MaxAuthTries = 3 }
    example: sshd.options { options = { AllowUsers = "deploy ann" }, absent = { "AllowGroups" } }
    """
    wanted = {key: _written(key, value) for key, value in options.items()}  # type: dict[str, str | None]
    wanted.update(dict.fromkeys(absent))
    lowered = [key.lower() for key in [*options, *absent]]
    twice = [key for key in wanted if lowered.count(key.lower()) > 1]
    if twice:
        raise BadArguments(f"sshd.options: {twice[0]} is named twice; case makes no difference")
    return _settle(host, wanted, file, validate=validate, reload=reload)


@action(query=True, synonyms={"key": ("name", "option")})
def get(host: "Host", *, key: str) -> str:
    """The value of an option that the server would use, as `sshd -T` tells it; several are separated by newlines.

    key: the option, such as PermitRootLogin

    example: if sshd.get("PasswordAuthentication") == "yes" then log.warn("passwords are let in") end
    """
    done = host.run("sshd", "-T")
    if not done.ok:
        raise ActionFailed(f"sshd -T: {last_words(done)}{become_hint([done.err])}")
    found = [line.partition(" ")[2] for line in done.out.splitlines() if line.partition(" ")[0] == key.lower()]
    if not found:
        raise ActionFailed(f"sshd knows no option {key}")
    return "\n".join(found)


def _settle(
    host: "Host", wanted: "dict[str, str | None]", file: "str | None", *, validate: bool, reload: bool
) -> "dict[str, object]":
    """Have these options in a file, and a running server told once. None: not at all."""
    for key in wanted:
        if not _KEY.match(key) or key.lower() in {"match", "include"}:
            raise BadArguments(f"sshd: {key!r} is no option that stands in a line of its own")
    target = file or (_OWN if _includes() else _MAIN)
    before = len(host.changes)

    def change(content: bytes) -> bytes:
        head, tail = _before_match(content)
        for key, value in wanted.items():
            head = _with(head, key, value)
        return head + tail

    missing = "create" if any(value is not None for value in wanted.values()) else "fine"
    want, check = Wanted("0644" if target == _OWN else None), "sshd -t -f %s" if validate else None
    terms = editing.Terms(want, missing, backup=True, validate=check)
    try:
        backup = editing.edit(host, target, change, terms)
    except PermissionError as error:
        raise ActionFailed(f"{target}: {error.strerror}{become_hint([error.strerror])}") from error
    if len(host.changes) > before and reload:
        _reload(host, list(wanted))
    return {"file": target, "backup": backup}


def _with(head: bytes, key: str, value: "str | None") -> bytes:
    """What holds for all, with this option; without it when there is no value."""
    if value is None:
        return lines.without_lines(head, None, _lines_of(key))[0]
    return lines.with_line(_only_first(head, key), raw(f"{key} {value}"), _lines_of(key), lines.Anchor(None, None))


def _written(key: str, value: "str | int | bool") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).strip()
    if re.search(r"[\n\r\0]", text) or not text:
        raise BadArguments(f"sshd: the value of {key} has to be one line that is not empty")
    return text


def _includes() -> bool:
    if not os.path.exists(_MAIN):
        return False
    with open(_MAIN, encoding="utf-8", errors="replace") as file:
        return _INCLUDE.search(file.read()) is not None


def _lines_of(key: str) -> "Pattern[bytes]":
    return re.compile(rb"^\s*" + re.escape(raw(key)) + rb"[\s=]", re.IGNORECASE)


def _before_match(content: bytes) -> "tuple[bytes, bytes]":
    """What holds for all, and what begins at the first Match block."""
    found = re.search(rb"^\s*Match\s", content, re.MULTILINE | re.IGNORECASE)
    place = len(content) if found is None else found.start()
    return content[:place], content[place:]


def _only_first(content: bytes, key: str) -> bytes:
    """Without further lines of the option, which sshd would not read anyway, or (AllowUsers) add to the first."""
    match, seen, kept = _lines_of(key), False, []
    for line in lines.split(content):
        if match.search(line) and seen:
            continue
        seen = seen or match.search(line) is not None
        kept.append(line)
    return b"".join(kept)


def _reload(host: "Host", keys: "list[str]") -> None:
    """Have a running server read its options; sessions go on, as each is a process of its own."""
    try:
        services = manager_of(host)
    except NothingStartsServices as error:
        host.warn(f"no SSH server was told of the change: {error.message}")
        return
    for name in _SERVERS:
        sockets = services.sockets(name)
        for key in [one for one in keys if sockets and one.lower() in _OF_A_SOCKET]:
            host.warn(f"{sockets[0]} listens for the SSH server: ListenStream= there says where, not {key}")
        if services.runs(name):
            services.reload([name])
            return
        if sockets:  # the server that the next connection starts reads them
            return
    host.warn("no SSH server runs as a service ssh or sshd, so none was told of the change")
