"""The programs that change accounts: useradd, usermod, chpasswd, chage. What differs is decided in known.py."""

import os

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules.user import known
from sloth.runtime.modules.user.known import Account, Profile, Shadow
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


class Making:
    """How a new account is made, beyond what it is to be."""

    def __init__(self, *, home: bool, skel: "str | None", umask: "str | None", system: bool) -> None:
        self.home = home
        self.skel = skel
        self.umask = umask
        self.system = system

    def options(self) -> "list[str]":
        """Options of useradd."""
        skel = ["-k", self.skel] if self.skel and self.home else []
        umask = ["-K", f"UMASK={self.umask}"] if self.umask else []
        return ["-m" if self.home else "-M", *skel, *umask, *["-r"] * self.system]


def change(host: "Host", *argv: str, stdin: str = "", note: str = "") -> None:
    """Run a program that changes accounts; a failure says whether another user could."""
    try:
        host.change(*argv, stdin=stdin, note=note)
    except ActionFailed as error:
        raise ActionFailed(error.message + become_hint([error.message]), **error.result) from error


def add(host: "Host", name: str, profile: Profile, making: Making) -> None:
    """Make a new account. A group of its name becomes its primary one, which useradd alone would refuse."""
    own = ["-g", name] if profile.group is None and known.find_group(name) is not None else []
    groups = ["-G", ",".join(profile.groups)] if profile.groups else []
    change(host, "useradd", *making.options(), *profile.options(), *own, *groups, "--", name)


def modify(host: "Host", account: Account, profile: Profile) -> None:
    """Change what differs, in one step."""
    options = profile.differing(account)
    if options:
        change(host, "usermod", *options, "--", account.name)


def remove(host: "Host", name: str, *, home: bool, force: bool) -> None:
    """Remove an account."""
    change(host, "userdel", *["-r"] * home, *["-f"] * force, "--", name)


def add_group(host: "Host", name: str, gid: "int | None", *, system: bool, shared: bool) -> None:
    """Make a group."""
    change(host, "groupadd", *["-r"] * system, *([] if gid is None else _number(gid, shared)), "--", name)


def number_group(host: "Host", name: str, gid: int, *, shared: bool) -> None:
    """Give a group another number."""
    change(host, "groupmod", *_number(gid, shared), "--", name)


def remove_group(host: "Host", name: str, *, force: bool) -> None:
    """Remove a group."""
    change(host, "groupdel", *["-f"] * force, "--", name)


def _number(gid: int, shared: bool) -> "list[str]":
    return ["-g", str(gid), *["-o"] * shared]


def make_home(host: "Host", name: str, home: str, making: Making) -> None:
    """Make a home that is missing."""
    if not os.path.lexists(home):
        change(host, "mkhomedir_helper", name, making.umask or "0022", making.skel or "/etc/skel")


def judge_password(host: "Host", password: str) -> None:
    """Refuse what cannot stand in a password field, and warn of what no password can fit."""
    if not password or ":" in password or "\n" in password:
        raise BadArguments('password takes a hash as in /etc/shadow ("!" for none); not empty, no colon, no newline')
    if not known.looks_hashed(password):
        host.warn("the password looks like plain text, which opens nothing: a hash is wanted (openssl passwd -6)")


def set_password(host: "Host", name: str, password: str, *, is_new: bool) -> None:
    """Set the password field when it differs. It goes through a pipe: arguments are seen by everybody."""
    current = "" if is_new else (known.shadow(name) or Shadow("")).password
    wanted = password if is_new else known.new_password(current, password)
    if wanted is not None:
        change(host, "chpasswd", "-e", stdin=f"{name}:{wanted}\n", note=f"chpasswd {name}")


def set_ageing(host: "Host", name: str, days: "dict[str, int | None]", *, is_new: bool) -> None:
    """Set the days of an account that differ, in one step."""
    if all(value is None for value in days.values()):
        return
    current = Shadow("") if is_new and host.check else known.shadow(name)
    if current is None:
        host.warn(f"{name} has no entry in {known.SHADOW}: nothing there can expire")
        return
    options = known.ageing(current, days)
    if options:
        change(host, "chage", *options, "--", name)


def shadow_of(name: str) -> Shadow:
    """The password fields of a user who has some, or ActionFailed."""
    known.get(name)
    found = known.shadow(name)
    if found is None:
        raise ActionFailed(f"{name} has no entry in {known.SHADOW}: no password of this host to lock")
    return found
