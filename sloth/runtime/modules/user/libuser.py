"""libuser's programs (luseradd, lgroupadd …), which look at the host's own files alone.

Where a directory such as LDAP has accounts as well, useradd refuses a name that is there. The same functions as in
programs.py.
"""

from sloth.runtime.failure import BadArguments
from sloth.runtime.modules.user import known
from sloth.runtime.modules.user.known import Account, Profile
from sloth.runtime.modules.user.programs import Making, change

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


def add(host: "Host", name: str, profile: Profile, making: Making) -> None:
    """Make a new account. A group of its name becomes its primary one."""
    _refuse(profile.non_unique, "non_unique")
    _refuse(making.umask is not None, "umask")
    own = ["-g", name] if profile.group is None and known.find_group(name, local=True) is not None else []
    home = ["-k", making.skel] if making.skel and making.home else [] if making.home else ["-M"]
    change(host, "luseradd", *home, *["-r"] * making.system, *profile.options(), *own, "--", name)
    for group in profile.groups or ():
        change(host, "lgroupmod", "-M", name, "--", group)


def modify(host: "Host", account: Account, profile: Profile) -> None:
    """Change what differs: the account in one step, then each group."""
    _refuse(profile.non_unique, "non_unique")
    options = profile.differing(account, with_groups=False)
    if "-g" in options:  # a number here
        place = options.index("-g") + 1
        primary = known.find_group(options[place])
        options[place] = options[place] if primary is None else str(primary.gr_gid)
    if options:
        change(host, "lusermod", *options, "--", account.name)
    joined, left = profile.memberships(account)
    for flag, groups in (("-M", joined), ("-m", left)):
        for group in groups:
            change(host, "lgroupmod", flag, account.name, "--", group)


def remove(host: "Host", name: str, *, home: bool, force: bool) -> None:
    """Remove an account; who is logged in is not asked about."""
    del force
    change(host, "luserdel", *["-r"] * home, "--", name)


def add_group(host: "Host", name: str, gid: "int | None", *, system: bool, shared: bool) -> None:
    """Make a group."""
    _refuse(shared, "non_unique")
    change(host, "lgroupadd", *["-r"] * system, *([] if gid is None else ["-g", str(gid)]), "--", name)


def number_group(host: "Host", name: str, gid: int, *, shared: bool) -> None:
    """Give a group another number."""
    _refuse(shared, "non_unique")
    change(host, "lgroupmod", "-g", str(gid), "--", name)


def remove_group(host: "Host", name: str, *, force: bool) -> None:
    """Remove a group."""
    del force
    change(host, "lgroupdel", "--", name)


def _refuse(is_given: bool, name: str) -> None:
    if is_given:
        raise BadArguments(f"libuser has nothing for {name}")
