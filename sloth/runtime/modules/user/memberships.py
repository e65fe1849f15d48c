"""Which groups a user is in."""

from sloth.runtime.action import action
from sloth.runtime.attributes import group_name
from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules.user import known, programs
from sloth.runtime.modules.user.known import Profile

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_NAME = {"name": ("username", "user")}


@action(synonyms={"name": ("username", "user"), "groups": ("group",)}, rest="groups")
def add_to_group(host: "Host", *, name: str, groups: "list[str]") -> None:
    """Make sure that a user is in groups; other memberships stay.

    name: the login name
    groups: the groups

    example: user.add_to_group("deploy", "docker")
    """
    if known.is_to_come(host, name):
        return
    account = known.get(name)
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
    if known.is_to_come(host, name):
        return
    account = known.get(name)
    gone = known.words(groups)
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
    account = known.get(name)
    primary = group_name(account.gid)
    return [primary, *(group for group in account.groups if group != primary)]
