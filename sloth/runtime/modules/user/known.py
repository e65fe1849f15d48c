"""Accounts as the host has them, and what differs from what is wanted. Reads; never writes.

Users and groups come from the name service (so a directory's count too), password fields from /etc/shadow.
"""

import grp
import pwd
import re

from sloth.runtime.attributes import group_name
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from collections.abc import Sequence

    from sloth.runtime.host import Host

PASSWD, GROUP, SHADOW = "/etc/passwd", "/etc/group", "/etc/shadow"
_NAME = re.compile(r"^(?!\d+$)[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$")
_HASH = re.compile(r"^!?(\$[0-9a-z]+\$.+|_[./0-9A-Za-z]{19}|[./0-9A-Za-z]{13})$")
_EPOCH = 719163  # the ordinal of 1970-01-01
_DAY = 86400


class Shadow:
    """An account's line of /etc/shadow; the numbers of days as they stand there."""

    def __init__(self, password: str, least: str = "", most: str = "", warn: str = "", expires: str = "") -> None:
        self.password = password
        self.least = least
        self.most = most
        self.warn = warn
        self.expires = expires


class Account:
    """A user of the host. `groups` are those beyond the primary one, by name."""

    def __init__(self, entry: pwd.struct_passwd, groups: "Sequence[str]") -> None:
        self.name = entry.pw_name
        self.uid = entry.pw_uid
        self.gid = entry.pw_gid
        self.comment = entry.pw_gecos
        self.home = entry.pw_dir
        self.shell = entry.pw_shell
        self.groups = tuple(groups)

    def plain(self) -> "dict[str, object]":
        """For the caller in Lua."""
        return {"name": self.name, "uid": self.uid, "gid": self.gid, "group": group_name(self.gid),
                "comment": self.comment, "home": self.home, "shell": self.shell, "groups": list(self.groups)}


class Profile:
    """What a call wants an account to be; None is as it is (or as the host makes it)."""

    def __init__(
        self,
        *,
        uid: "int | None" = None,
        group: "str | None" = None,
        groups: "list[str] | None" = None,
        append: bool = False,
        shell: "str | None" = None,
        home: "str | None" = None,
        move_home: bool = False,
        comment: "str | None" = None,
        non_unique: bool = False
    ) -> None:
        self.uid = uid
        self.group = group
        self.groups = groups
        self.append = append
        self.shell = shell
        self.home = home
        self.move_home = move_home
        self.comment = comment
        self.non_unique = non_unique

    def resolve(self, host: "Host", name: str) -> None:
        """Fail before anything is changed when a group is not there or the uid is another's."""
        self.group = None if self.group is None else named_group(host, self.group)
        if self.groups is not None:
            self.groups = sorted({named_group(host, one) for one in words(self.groups)})
        for text in (self.comment, self.shell, self.home):
            if text is not None and (":" in text or "\n" in text):
                raise BadArguments(f"a field of an account can hold neither colon nor newline: {text!r}")
        if self.uid is None or self.non_unique:
            return
        try:
            owner = pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return
        if owner != name:
            raise ActionFailed(f"the uid {self.uid} is {owner}'s; non_unique = true permits to share it")

    def options(self) -> "list[str]":
        """Options that useradd and usermod share, for all that is set but the groups."""
        fields = {"-u": self.uid, "-g": self.group, "-d": self.home, "-s": self.shell, "-c": self.comment}
        found = [word for flag, value in fields.items() if value is not None for word in (flag, str(value))]
        return ["-o", *found] if self.non_unique and self.uid is not None else found

    def differing(self, account: Account, *, with_groups: bool = True) -> "list[str]":
        """Options of usermod that make the account what is wanted; none when it is."""
        gid = None if self.group is None else _gid(self.group)
        rest = Profile(
            uid=None if self.uid == account.uid else self.uid,
            group=None if gid == account.gid else self.group,
            home=None if self.home == account.home else self.home,
            shell=None if self.shell == account.shell else self.shell,
            comment=None if self.comment == account.comment else self.comment,
            non_unique=self.non_unique,
        )
        move = ["-m"] if rest.home is not None and self.move_home else []
        return rest.options() + move + (self._groups(account) if with_groups else [])

    def memberships(self, account: Account) -> "tuple[list[str], list[str]]":
        """The groups that the account has to join, and those that it has to leave."""
        if self.groups is None:
            return [], []
        primary = group_name(account.gid) if self.group is None else self.group
        want = [group for group in self.groups if group != primary or group in account.groups]
        joined = [group for group in want if group not in account.groups]
        return joined, [] if self.append else [group for group in account.groups if group not in want]

    def _groups(self, account: Account) -> "list[str]":
        joined, left = self.memberships(account)
        if self.append:
            return ["-a", "-G", ",".join(joined)] if joined else []
        stay = [group for group in account.groups if group not in left]
        return ["-G", ",".join(sorted([*stay, *joined]))] if joined or left else []


def find(name: str, *, local: bool = False) -> "Account | None":
    """The account of this name. local: one of the host's own files, not of a directory such as LDAP."""
    if local:
        fields = _line(PASSWD, name, 7)
        return None if fields is None else _account(
            pwd.struct_passwd((*fields[:2], int(fields[2]), int(fields[3]), *fields[4:]))
        )
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return _account(entry)


def get(name: str) -> Account:
    """The account of this name, or ActionFailed."""
    account = find(name)
    if account is None:
        raise ActionFailed(f"there is no user {name}")
    return account


def is_to_come(host: "Host", name: str) -> bool:
    """Whether check mode meets a user whom an earlier task may be about to make: there is nothing to compare with."""
    return find(name) is None and host.is_to_come(f"there is no user {name}")


def every() -> "list[Account]":
    """All accounts that the host lists."""
    return [_account(entry) for entry in pwd.getpwall()]


def shadow(name: str, path: str = SHADOW) -> "Shadow | None":
    """The password fields of an account; None when it has none here."""
    wanted = name.encode("utf-8", "surrogateescape") + b":"
    try:
        with open(path, "rb") as lines:
            line = next((line for line in lines if line.startswith(wanted)), None)
    except PermissionError as error:
        raise ActionFailed(f"cannot look at the password of {name}: {path} is for root (needs become)") from error
    except FileNotFoundError:
        return None
    if line is None:
        return None
    fields = line.decode("utf-8", "surrogateescape").rstrip("\n").split(":") + [""] * 8
    return Shadow(fields[1], fields[3], fields[4], fields[5], fields[7])


def check_name(kind: str, name: str) -> str:
    """A name that can be one, or BadArguments."""
    if not _NAME.match(name):
        raise BadArguments(f"{name!r} cannot be the name of a {kind}")
    return name


def new_password(current: str, wanted: str) -> "str | None":
    """What the password field must become, None when it is right. A locked account stays locked."""
    is_locked = len(current.lstrip("!")) > 0 and current.startswith("!")
    if is_locked and not wanted.startswith(("!", "*")):
        wanted = "!" + wanted
    return None if wanted == current else wanted


def looks_hashed(password: str) -> bool:
    """Whether it can be a hash, or a mark that no password fits."""
    return password in {"!", "!!", "*", "!*"} or _HASH.match(password) is not None


def ageing(current: Shadow, wanted: "dict[str, int | None]") -> "list[str]":
    """Options of chage for what differs. `wanted` has the keys least, most, warn, expires; -1 is never."""
    flags = {"least": "-m", "most": "-M", "warn": "-W", "expires": "-E"}
    now = {"least": current.least, "most": current.most, "warn": current.warn, "expires": current.expires}
    return [
        word for key, value in wanted.items() if value is not None and str(value) != (now[key] or "-1")
        for word in (flags[key], str(value))
    ]


def expiry_day(when: "int | str") -> int:
    """The day since 1970 of a date, of seconds since 1970, or -1 for never."""
    if when in {"never", -1}:
        return -1
    if isinstance(when, int) and when >= 0:
        return when // _DAY
    from datetime import date

    match = re.match(r"^(\d{4})-(\d\d?)-(\d\d?)$", str(when))
    try:
        if match is not None:
            return date(int(match.group(1)), int(match.group(2)), int(match.group(3))).toordinal() - _EPOCH
    except ValueError:
        pass  # no such day: told below, with all that is no date
    raise BadArguments(f'expires takes a date such as "2030-12-31", seconds since 1970, or "never"; got {when!r}')


def words(names: "Sequence[str]") -> "list[str]":
    """Names one by one: an entry may hold several, with commas."""
    return [part for entry in names for part in re.split(r"[\s,]+", entry) if part]


def named_group(host: "Host", group: str) -> str:
    """The name of a group given by name or number. In check mode it may yet be made: a warning."""
    try:
        return grp.getgrnam(group).gr_name
    except KeyError:
        pass
    try:
        if group.isdigit():
            return grp.getgrgid(int(group)).gr_name
    except KeyError:
        pass
    if not host.check:
        raise ActionFailed(f"there is no group {group}; nothing was changed (user.group_create makes one)")
    host.warn(f"there is no group {group} (yet)")
    return group


def find_group(name: str, *, local: bool = False) -> "grp.struct_group | None":
    """The group of this name. local: as for an account."""
    if local:
        fields = _line(GROUP, name, 4)
        return None if fields is None else grp.struct_group(
            (*fields[:2], int(fields[2]), fields[3].split(",") if fields[3] else [])
        )
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def _line(path: str, name: str, count: int) -> "list[str] | None":
    """The fields of the line that begins with this name, in a file that has so many of them in a line."""
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        found = [line.rstrip("\n").split(":") for line in lines if line.startswith(name + ":")]
    return next((fields for fields in found if len(fields) == count), None)


def _gid(group: str) -> "int | None":
    found = find_group(group)
    return None if found is None else found.gr_gid


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry, sorted(group.gr_name for group in grp.getgrall() if entry.pw_name in group.gr_mem))
