"""Groups: made, removed, and who is in them."""

import pwd

from sloth.runtime.action import action
from sloth.runtime.attributes import group_name
from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules.user import known
from sloth.runtime.modules.user.choice import tools_of

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_NAME = {"name": ("group",)}


@action(synonyms={"name": ("group",)})
def group_create(
    host: "Host",
    *,
    name: str,
    gid: "int | None" = None,
    system: bool = False,
    non_unique: bool = False,
    local: bool = False
) -> None:
    """Make sure that a group exists.

    name: the group
    gid: its number
    system: a new group gets a low number
    non_unique: permit a gid that another group has
    local: the host's own files count, not a directory such as LDAP; by libuser (lgroupadd), where the host has it

    example: user.group_create { name = "www", gid = 2000 }
    """
    found = known.find_group(known.check_name("group", name), local=local)
    if found is not None and gid in {None, found.gr_gid}:
        return
    holder = None if gid is None else group_name(gid)
    if holder not in {None, str(gid)} and not non_unique:
        raise ActionFailed(f"the gid {gid} is that of {holder}; non_unique = true permits to share it")
    tools = tools_of(host, local)
    if found is None:
        tools.add_group(host, name, gid, system=system, shared=non_unique and gid is not None)
    elif gid is not None:
        tools.number_group(host, name, gid, shared=non_unique)


@action(synonyms={"name": ("group",)})
def group_delete(host: "Host", *, name: str, force: bool = False, local: bool = False) -> None:
    """Make sure that a group does not exist.

    name: the group
    force: even when it is the primary group of users
    as in group_create: local

    example: user.group_delete("www")
    """
    found = known.find_group(name, local=local)
    if found is None:
        return
    users = [entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == found.gr_gid]
    if users and not force:
        raise ActionFailed(f"{name} is the primary group of {', '.join(users)}; force = true removes it all the same")
    tools_of(host, local).remove_group(host, name, force=force)


@action(query=True, synonyms={"name": ("group",)})
def group_exists(host: "Host", *, name: str) -> bool:
    """Whether there is a group of this name.

    name: the group

    example: if user.group_exists("docker") then user.add_to_group("deploy", "docker") end
    """
    return known.find_group(name) is not None


@action(query=True, synonyms={"name": ("group",)})
def group_members(host: "Host", *, name: str) -> "list[str]":
    """The users in a group, those whose primary group it is among them; nil when there is no such group.

    name: the group

    example: print(table.concat(user.group_members("sudo"), " "))
    """
    found = known.find_group(name)
    if found is None:
        raise ActionFailed(f"there is no group {name}")
    return sorted({*found.gr_mem, *(entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == found.gr_gid)})
