"""Accounts of users: made, changed, removed, listed."""

from sloth.runtime.action import action
from sloth.runtime.modules.user import known, programs
from sloth.runtime.modules.user.choice import tools_of
from sloth.runtime.modules.user.known import Profile
from sloth.runtime.modules.user.programs import Making

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host

_NAME = {"name": ("username", "user")}
_REGULAR = range(1000, 60000)  # uids of people, as Debian and Red Hat give them out


@action(synonyms={"name": ("username", "user"), "password": ("password_hash",)})
def create(
    host: "Host",
    *,
    name: str,
    uid: "int | None" = None,
    group: "str | None" = None,
    groups: "list[str] | None" = None,
    append: bool = False,
    shell: "str | None" = None,
    home: "str | None" = None,
    create_home: "bool | None" = None,
    move_home: bool = False,
    skel: "str | None" = None,
    umask: "str | None" = None,
    comment: "str | None" = None,
    system: bool = False,
    password: "str | None" = None,
    update_password: "Literal['always', 'on_create']" = "always",  # noqa: S107  # no password, but when to set it
    expires: "int | str | None" = None,
    password_min_days: "int | None" = None,
    password_max_days: "int | None" = None,
    password_warn_days: "int | None" = None,
    non_unique: bool = False,
    local: bool = False
) -> "dict[str, object]":
    """Make sure that a user exists and is as described; what is not described stays as it is.

    name: the login name
    uid: the user's number
    group: the primary group, by name or number
    groups: the other groups; the user is taken out of all that are not named, "" means none
    append: groups are only added to those the user has
    shell: the login shell
    home: the home directory
    create_home: whether a missing home is made; when not given, for a new user who is no system user
    move_home: a home that changes is moved with its files
    skel: where the first files of a new home come from; /dev/null for none
    umask: the umask for a new home, such as "077"
    comment: the full name (GECOS)
    system: a new user is a system user: a low uid and no home
    password: a hash as in /etc/shadow; "!" or "*" for none that fits
    update_password: whether the password of a user who is there is set too
    expires: when the account ends: a date such as "2030-12-31", seconds since 1970, or "never"
    password_min_days: days before the password may be changed again
    password_max_days: days after which it must be changed; -1 for never
    password_warn_days: days before that from which on the user is warned
    non_unique: permit a uid that another user has
    local: the host's own files count, not a directory such as LDAP; by libuser (luseradd), where the host has it

    example: user.create { name = "deploy", groups = { "sudo" }, append = true, shell = "/bin/bash" }
    example: user.create { name = "app", system = true, home = "/srv/app", shell = "/usr/sbin/nologin" }
    """
    profile = Profile(uid=uid, group=group, groups=groups, append=append, shell=shell, home=home, move_home=move_home,
                      comment=comment, non_unique=non_unique)
    days = _days(expires, password_min_days, password_max_days, password_warn_days)
    profile.resolve(host, known.check_name("user", name))
    if password is not None:
        programs.judge_password(host, password)
    account, tools = known.find(name, local=local), tools_of(host, local)
    making = Making(home=not system if create_home is None else create_home, skel=skel, umask=umask, system=system)
    if account is None:
        tools.add(host, name, profile, making)
    else:
        tools.modify(host, account, profile)
        if create_home:
            programs.make_home(host, name, home or account.home, making)
    if password is not None and (account is None or update_password == "always"):  # noqa: S105  # the same
        programs.set_password(host, name, password, is_new=account is None)
    programs.set_ageing(host, name, days, is_new=account is None)
    return _described(name)


@action(synonyms={**_NAME, "password": ("password_hash",)})
def modify(
    host: "Host",
    *,
    name: str,
    uid: "int | None" = None,
    group: "str | None" = None,
    groups: "list[str] | None" = None,
    append: bool = False,
    shell: "str | None" = None,
    home: "str | None" = None,
    move_home: bool = False,
    comment: "str | None" = None,
    password: "str | None" = None,
    expires: "int | str | None" = None,
    password_min_days: "int | None" = None,
    password_max_days: "int | None" = None,
    password_warn_days: "int | None" = None,
    non_unique: bool = False
) -> "dict[str, object]":
    """Change a user who exists; what is not given stays as it is.

    name: the login name

    as in create: uid, group, groups, append, shell, home, move_home, comment, password, expires, non_unique
    as in create: password_min_days, password_max_days, password_warn_days

    example: user.modify { name = "deploy", shell = "/bin/zsh" }
    """
    profile = Profile(uid=uid, group=group, groups=groups, append=append, shell=shell, home=home, move_home=move_home,
                      comment=comment, non_unique=non_unique)
    days = _days(expires, password_min_days, password_max_days, password_warn_days)
    if known.is_to_come(host, name):
        return {"name": name}
    account = known.get(name)
    profile.resolve(host, name)
    if password is not None:
        programs.judge_password(host, password)
    programs.modify(host, account, profile)
    if password is not None:
        programs.set_password(host, name, password, is_new=False)
    programs.set_ageing(host, name, days, is_new=False)
    return _described(name)


@action(synonyms={"name": ("username", "user"), "remove": ("remove_home",)})
def delete(host: "Host", *, name: str, remove: bool = False, force: bool = False, local: bool = False) -> None:
    """Make sure that a user does not exist.

    name: the login name
    remove: the home and the mail go too
    force: even when the user is logged in, or others own files in the home
    as in create: local

    example: user.delete { name = "olduser", remove = true }
    """
    if known.find(name, local=local) is not None:
        tools_of(host, local).remove(host, name, home=remove, force=force)


@action(query=True, synonyms=_NAME)
def exists(host: "Host", *, name: str) -> bool:
    """Whether there is a user of this name.

    name: the login name

    example: if user.exists("deploy") then log.info("there") end
    """
    return known.find(name) is not None


@action(query=True, synonyms=_NAME)
def get_info(host: "Host", *, name: str) -> "dict[str, object]":
    """A user: name, uid, gid, group, groups, comment, home, shell; nil when there is none of that name.

    name: the login name

    example: print(user.get_info("deploy").home)
    """
    return known.get(name).plain()


@action(query=True)
def list_(host: "Host", *, system: "bool | None" = None) -> "list[dict[str, object]]":
    """All users, each as get_info gives it.

    system: only system users, or (false) only others

    example: for _, u in ipairs(user.list { system = false }) do print(u.name) end
    """
    return [one.plain() for one in known.every() if system is None or system == (one.uid not in _REGULAR)]


def _days(
    expires: "int | str | None", least: "int | None", most: "int | None", warn: "int | None"
) -> "dict[str, int | None]":
    day = None if expires is None else known.expiry_day(expires)
    return {"least": least, "most": most, "warn": warn, "expires": day}


def _described(name: str) -> "dict[str, object]":
    """The account as it is now; in check mode a new one is not there yet."""
    account = known.find(name)
    return {"name": name} if account is None else account.plain()
