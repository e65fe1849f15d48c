"""Passwords of users: set, locked, unlocked."""

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules.user import known, programs

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_NAME = {"name": ("username", "user")}


@action(synonyms={"name": ("username", "user"), "password": ("password_hash", "hash")})
def set_password(host: "Host", *, name: str, password: str) -> None:
    """Make sure that a user has this password, given as a hash. A locked user stays locked.

    name: the login name
    password: a hash as in /etc/shadow; "!" or "*" for none that fits

    example: user.set_password { name = "deploy", password = "$6$salt$hash" }
    """
    programs.judge_password(host, password)
    if known.is_to_come(host, name):
        return
    known.get(name)
    programs.set_password(host, name, password, is_new=False)


@action(synonyms=_NAME)
def lock(host: "Host", *, name: str) -> None:
    """Make sure that no password fits; the hash is kept for unlock. SSH keys still work: expires = 0 stops those.

    name: the login name

    example: user.lock("olduser")
    """
    if not known.is_to_come(host, name) and not programs.shadow_of(name).password.startswith("!"):
        programs.change(host, "usermod", "-L", "--", name)


@action(synonyms=_NAME)
def unlock(host: "Host", *, name: str) -> None:
    """Make sure that the password which a lock has kept fits again.

    name: the login name

    example: user.unlock("olduser")
    """
    if known.is_to_come(host, name):
        return
    password = programs.shadow_of(name).password
    if not password.startswith("!"):
        return
    if not password.lstrip("!"):
        raise ActionFailed(f"{name} has no password, to unlock would let anybody in; user.set_password sets one")
    programs.change(host, "usermod", "-U", "--", name)
