"""Users and groups: created, changed, locked, removed; their passwords as hashes, their SSH keys.

To change a user who does not exist is an error. Only check mode goes on with a warning (`would_run`): an earlier
task may be about to make that user.
"""

import pwd

from sloth.runtime import account_programs as programs
from sloth.runtime import accounts
from sloth.runtime.account_programs import Making
from sloth.runtime.accounts import Profile
from sloth.runtime.action import action
from sloth.runtime.attributes import group_name
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.ssh_key import ssh_key as ssh_key  # noqa: PLC0414  # an action of this module

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
    non_unique: bool = False
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

    example: user.create { name = "deploy", groups = { "sudo" }, append = true, shell = "/bin/bash" }
    example: user.create { name = "app", system = true, home = "/srv/app", shell = "/usr/sbin/nologin" }
    """
    profile = Profile(uid=uid, group=group, groups=groups, append=append, shell=shell, home=home, move_home=move_home,
                      comment=comment, non_unique=non_unique)
    days = _days(expires, password_min_days, password_max_days, password_warn_days)
    profile.resolve(host, accounts.check_name("user", name))
    if password is not None:
        programs.judge_password(host, password)
    account = accounts.find(name)
    making = Making(home=not system if create_home is None else create_home, skel=skel, umask=umask, system=system)
    if account is None:
        programs.add(host, name, profile, making)
    else:
        programs.modify(host, account, profile)
        if create_home:
            programs.make_home(host, name, home or account.home, making)
    if password is not None and (account is None or update_password == "always"):  # noqa: S105  # the same
        programs.set_password(host, name, password, is_new=account is None)
    programs.set_ageing(host, name, days, is_new=account is None)
    return _described(name)


@action(synonyms=_NAME)
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
    non_unique: bool = False
) -> "dict[str, object]":
    """Change a user who exists; what is not given stays as it is.

    name: the login name
    uid: the user's number
    group: the primary group, by name or number
    groups: the other groups; the user is taken out of all that are not named, "" means none
    append: groups are only added to those the user has
    shell: the login shell
    home: the home directory
    move_home: a home that changes is moved with its files
    comment: the full name (GECOS)
    password: a hash as in /etc/shadow; "!" or "*" for none that fits
    expires: when the account ends: a date such as "2030-12-31", seconds since 1970, or "never"
    non_unique: permit a uid that another user has

    example: user.modify { name = "deploy", shell = "/bin/zsh" }
    """
    profile = Profile(uid=uid, group=group, groups=groups, append=append, shell=shell, home=home, move_home=move_home,
                      comment=comment, non_unique=non_unique)
    days = _days(expires, None, None, None)
    if accounts.is_to_come(host, name):
        return {"name": name}
    account = accounts.get(name)
    profile.resolve(host, name)
    if password is not None:
        programs.judge_password(host, password)
    programs.modify(host, account, profile)
    if password is not None:
        programs.set_password(host, name, password, is_new=False)
    programs.set_ageing(host, name, days, is_new=False)
    return _described(name)


@action(synonyms={"name": ("username", "user"), "remove": ("remove_home",)})
def delete(host: "Host", *, name: str, remove: bool = False, force: bool = False) -> None:
    """Make sure that a user does not exist.

    name: the login name
    remove: the home and the mail go too
    force: even when the user is logged in, or others own files in the home

    example: user.delete { name = "olduser", remove = true }
    """
    if accounts.find(name) is not None:
        flags = ["-r"] * remove + ["-f"] * force
        programs.change(host, "userdel", *flags, "--", name)


@action(query=True, synonyms=_NAME)
def exists(host: "Host", *, name: str) -> bool:
    """Whether there is a user of this name.

    name: the login name

    example: if user.exists("deploy") then log.info("there") end
    """
    return accounts.find(name) is not None


@action(query=True, synonyms=_NAME)
def get_info(host: "Host", *, name: str) -> "dict[str, object]":
    """A user: name, uid, gid, group, groups, comment, home, shell; nil when there is none of that name.

    name: the login name

    example: print(user.get_info("deploy").home)
    """
    return accounts.get(name).plain()


@action(query=True)
def list_(host: "Host", *, system: "bool | None" = None) -> "list[dict[str, object]]":
    """All users, each as get_info gives it.

    system: only system users, or (false) only others

    example: for _, u in ipairs(user.list { system = false }) do print(u.name) end
    """
    return [one.plain() for one in accounts.every() if system is None or system == (one.uid not in _REGULAR)]


@action(synonyms=_NAME)
def lock(host: "Host", *, name: str) -> None:
    """Make sure that no password fits; the hash is kept for unlock. SSH keys still work: expires = 0 stops those.

    name: the login name

    example: user.lock("olduser")
    """
    if not accounts.is_to_come(host, name) and not programs.shadow_of(name).password.startswith("!"):
        programs.change(host, "usermod", "-L", "--", name)


@action(synonyms=_NAME)
def unlock(host: "Host", *, name: str) -> None:
    """Make sure that the password which a lock has kept fits again.

    name: the login name

    example: user.unlock("olduser")
    """
    if accounts.is_to_come(host, name):
        return
    password = programs.shadow_of(name).password
    if not password.startswith("!"):
        return
    if not password.lstrip("!"):
        raise ActionFailed(f"{name} has no password, to unlock would let anybody in; user.set_password sets one")
    programs.change(host, "usermod", "-U", "--", name)


@action(synonyms={"name": ("username", "user"), "password": ("password_hash", "hash")})
def set_password(host: "Host", *, name: str, password: str) -> None:
    """Make sure that a user has this password, given as a hash. A locked user stays locked.

    name: the login name
    password: a hash as in /etc/shadow; "!" or "*" for none that fits

    example: user.set_password { name = "deploy", password = "$6$salt$hash" }
    """
    programs.judge_password(host, password)
    if accounts.is_to_come(host, name):
        return
    accounts.get(name)
    programs.set_password(host, name, password, is_new=False)


@action(synonyms={"name": ("username", "user"), "groups": ("group",)}, rest="groups")
def add_to_group(host: "Host", *, name: str, groups: "list[str]") -> None:
    """Make sure that a user is in groups; other memberships stay.

    name: the login name
    groups: the groups

    example: user.add_to_group("deploy", "docker")
    """
    if accounts.is_to_come(host, name):
        return
    account = accounts.get(name)
    profile = Profile(groups=groups, append=True)
    profile.resolve(host, name)
    programs.modify(host, account, profile)


@action(synonyms={"name": ("username", "user"), "groups": ("group",)}, rest="groups")
def remove_from_group(host: "Host", *, name: str, groups: "list[str]") -> None:
    """Make sure that a user is not in groups; other memberships stay.

    name: the login name
    groups: the groups; one that does not exist is left out

    example: user.remove_from_group("deploy", "docker")
    """
    if accounts.is_to_come(host, name):
        return
    account = accounts.get(name)
    gone = accounts.words(groups)
    primary = group_name(account.gid)
    if primary in gone:
        raise ActionFailed(f"{primary} is the primary group of {name}; give another one first")
    programs.modify(host, account, Profile(groups=[group for group in account.groups if group not in gone]))


@action(query=True, synonyms=_NAME)
def get_groups(host: "Host", *, name: str) -> "list[str]":
    """The names of the groups that a user is in, the primary one first; nil when there is no such user.

    name: the login name

    example: print(table.concat(user.get_groups("deploy"), " "))
    """
    account = accounts.get(name)
    primary = group_name(account.gid)
    return [primary, *(group for group in account.groups if group != primary)]


@action(synonyms={"name": ("group",)})
def group_create(
    host: "Host", *, name: str, gid: "int | None" = None, system: bool = False, non_unique: bool = False
) -> None:
    """Make sure that a group exists.

    name: the group
    gid: its number
    system: a new group gets a low number
    non_unique: permit a gid that another group has

    example: user.group_create { name = "www", gid = 2000 }
    """
    found = accounts.find_group(accounts.check_name("group", name))
    if found is not None and gid in {None, found.gr_gid}:
        return
    holder = None if gid is None else group_name(gid)
    if holder not in {None, str(gid)} and not non_unique:
        raise ActionFailed(f"the gid {gid} is that of {holder}; non_unique = true permits to share it")
    number = [] if gid is None else ["-g", str(gid)] + ["-o"] * non_unique
    if found is None:
        programs.change(host, "groupadd", *["-r"] * system, *number, "--", name)
    else:
        programs.change(host, "groupmod", *number, "--", name)


@action(synonyms={"name": ("group",)})
def group_delete(host: "Host", *, name: str, force: bool = False) -> None:
    """Make sure that a group does not exist.

    name: the group
    force: even when it is the primary group of users

    example: user.group_delete("www")
    """
    found = accounts.find_group(name)
    if found is None:
        return
    users = [entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == found.gr_gid]
    if users and not force:
        raise ActionFailed(f"{name} is the primary group of {', '.join(users)}; force = true removes it all the same")
    programs.change(host, "groupdel", *["-f"] * force, "--", name)


@action(query=True, synonyms={"name": ("group",)})
def group_exists(host: "Host", *, name: str) -> bool:
    """Whether there is a group of this name.

    name: the group

    example: if user.group_exists("docker") then user.add_to_group("deploy", "docker") end
    """
    return accounts.find_group(name) is not None


@action(query=True, synonyms={"name": ("group",)})
def group_members(host: "Host", *, name: str) -> "list[str]":
    """The users in a group, those whose primary group it is among them; nil when there is no such group.

    name: the group

    example: print(table.concat(user.group_members("sudo"), " "))
    """
    found = accounts.find_group(name)
    if found is None:
        raise ActionFailed(f"there is no group {name}")
    return sorted({*found.gr_mem, *(entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == found.gr_gid)})


@action(synonyms={"user": ("name", "username")})
def authorized_key(
    host: "Host",
    *,
    user: str,
    key: "list[str] | None" = None,
    state: "Literal['present', 'absent']" = "present",
    exclusive: bool = False,
    options: "str | list[str] | None" = None
) -> "dict[str, object]":
    """Make sure that SSH keys may log in as a user, or may not. Comments and other lines of the file stay.

    user: whose authorized_keys it is
    key: public keys, each a line as in a .pub file; several lines of text count as several
    state: present adds what is missing, absent takes out
    exclusive: no other key stays
    options: what stands before each key, such as "no-pty" or { "no-pty", 'from="10.0.0.*"' }; "" for nothing

    example: user.authorized_key { user = "deploy", key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB... me@laptop" }
    """
    from sloth.runtime import authorized_keys, keyfile

    given = ",".join(options) if isinstance(options, list) else options
    keys = authorized_keys.parse_wanted(key or [], given)
    if not keys and not exclusive:
        raise BadArguments("user.authorized_key needs a key")
    if exclusive and state == "absent":
        raise BadArguments('exclusive goes with state = "present" only')

    def change(text: str) -> str:
        if state == "absent":
            return authorized_keys.without(text, keys)
        return authorized_keys.merge(text, keys, keep_options=given is None, exclusive=exclusive)

    if accounts.is_to_come(host, user):
        if state == "present":
            host.effect(f"write the authorized keys of {user}", lambda: None)
        return {}
    return {"path": keyfile.edit(host, accounts.get(user), change)}


def _days(
    expires: "int | str | None", least: "int | None", most: "int | None", warn: "int | None"
) -> "dict[str, int | None]":
    day = None if expires is None else accounts.expiry_day(expires)
    return {"least": least, "most": most, "warn": warn, "expires": day}


def _described(name: str) -> "dict[str, object]":
    """The account as it is now; in check mode a new one is not there yet."""
    account = accounts.find(name)
    return {"name": name} if account is None else account.plain()
