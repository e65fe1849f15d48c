"""What is installed: packages come, go, rise to another version, stay in theirs."""

from sloth.runtime.action import action
from sloth.runtime.failure import BadArguments
from sloth.runtime.packages import goals
from sloth.runtime.packages.choice import manager_of
from sloth.runtime.packages.fetched import fetched
from sloth.runtime.packages.words import Options, wanted

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host
    from sloth.runtime.packages.tool import Tool

_NAMES = ("name", "names", "package", "pkg")


@action(synonyms={"packages": _NAMES, "update_cache": ("update",)}, rest="packages")
def install(
    host: "Host",
    *,
    packages: "list[str]",
    state: "Literal['present', 'installed', 'latest', 'absent', 'removed']" = "present",
    version: "str | None" = None,
    update_cache: bool = False,
    cache_valid_time: "Duration" = 0,
    lock_timeout: "Duration" = 60,
    allow_downgrade: bool = False,
    allow_held: bool = False,
    recommends: "bool | None" = None,
    default_release: str = "",
    only_upgrade: bool = False,
    manual: bool = False,
    purge: bool = False,
    autoremove: bool = False,
    start_services: bool = True
) -> "dict[str, object]":
    """Make sure that packages are installed (or the latest, or absent), all in one transaction.

    packages: names, also name:arch, name=version, and wildcards such as name=1.0* or php8.2-*
    state: present installs what is missing, latest also upgrades, absent removes
    version: the version wanted, for a single package; 1.0* means any 1.0
    update_cache: fetch the index first, if anything has to be installed
    cache_valid_time: an index not older than this is fresh enough; alone it implies update_cache
    lock_timeout: how long to wait for another program that works on packages
    allow_downgrade: permit a version lower than the installed one
    allow_held: permit a change of packages that are on hold; they stay on hold
    recommends: whether recommended packages come too; the host's own setting when not given
    default_release: the release to take packages from, such as bookworm-backports
    only_upgrade: leave out packages that are not installed
    manual: mark them as wanted for themselves, so that autoremove keeps them
    purge: with absent, remove their configuration too
    autoremove: with absent, remove what only they needed too
    start_services: false keeps services that come with the packages from starting (those of Debian would)

    example: pkg.install { packages = { "nginx", "curl" }, update_cache = true, cache_valid_time = "1h" }
    example: pkg.install("vim", "git")
    example: pkg.install { name = "postgresql-15", version = "15.4*", allow_downgrade = true }
    """
    manager = manager_of(host, lock_timeout)
    options = Options(
        allow_downgrade=allow_downgrade, allow_held=allow_held, recommends=recommends, release=default_release,
        only_upgrade=only_upgrade, purge=purge, autoremove=autoremove, start_services=start_services,
    )
    if state in {"absent", "removed"}:
        return goals.absent(manager, wanted(packages, version), options)
    index = goals.Index(update_cache, cache_valid_time)
    reach = goals.latest if state == "latest" else goals.present
    return reach(manager, wanted(packages, version), options, index, manual=manual)


@action(synonyms={"packages": _NAMES}, rest="packages")
def latest(
    host: "Host",
    *,
    packages: "list[str]",
    update_cache: bool = False,
    cache_valid_time: "Duration" = 0,
    lock_timeout: "Duration" = 60,
    allow_held: bool = False,
    only_upgrade: bool = False
) -> "dict[str, object]":
    """Make sure that packages are installed in the newest version the index has.

    packages: names; wildcards stand for all that the index has
    update_cache: fetch the index first
    allow_held: upgrade packages that are on hold too; they stay on hold
    only_upgrade: leave out packages that are not installed
    as in install: cache_valid_time, lock_timeout

    example: pkg.latest { packages = { "openssl" }, update_cache = true }
    """
    options = Options(allow_held=allow_held, only_upgrade=only_upgrade)
    index = goals.Index(update_cache, cache_valid_time)
    return goals.latest(manager_of(host, lock_timeout), wanted(packages), options, index, manual=False)


@action(synonyms={"packages": _NAMES}, rest="packages")
def remove(
    host: "Host",
    *,
    packages: "list[str]",
    purge: bool = False,
    autoremove: bool = False,
    allow_held: bool = False,
    lock_timeout: "Duration" = 60
) -> "dict[str, object]":
    """Make sure that packages are not installed; what depends on them goes too.

    packages: names; wildcards stand for all that is installed
    purge: remove their configuration too
    autoremove: remove what only they needed too
    allow_held: permit it for packages on hold
    as in install: lock_timeout

    example: pkg.remove { packages = { "apache2" }, purge = true }
    """
    options = Options(purge=purge, autoremove=autoremove, allow_held=allow_held)
    return goals.absent(manager_of(host, lock_timeout), wanted(packages), options)


@action(synonyms={"path": ("file", "src", "deb", "url")})
def install_local(
    host: "Host",
    *,
    path: str,
    checksum: "str | None" = None,
    allow_downgrade: bool = False,
    recommends: "bool | None" = None,
    lock_timeout: "Duration" = 60
) -> "dict[str, object]":
    """Make sure that the package in a file is installed, with what it depends on.

    path: the file on the host; another version of the package than the installed one is installed in its place. Or
        an address such as https://example.org/tool.deb, which is fetched each time, but not in check mode
    checksum: of what is fetched: `sha256:` and the sum, or the sum alone
    as in install: allow_downgrade, recommends, lock_timeout

    example: pkg.install_local("/srv/packages/tool_1.2_all.deb")
    example: pkg.install_local { url = "https://example.org/tool_1.2_all.deb", checksum = vars.tool_sha256 }
    """
    manager = manager_of(host, lock_timeout)
    options = Options(allow_downgrade=allow_downgrade, recommends=recommends)
    if path.startswith("/"):
        return _install_file(manager, path, options)
    if not path.startswith(("http://", "https://")):
        raise BadArguments(f"pkg.install_local: path must be absolute, or an address; got {path!r}")
    if host.check:
        host.unknown = True  # only the file itself tells which package is in it
        host.effect(f"install {path}", lambda: None)
        return goals.report([])
    with fetched(host, path, checksum) as file:
        return _install_file(manager, file, options)


def _install_file(manager: "Tool", path: str, options: Options) -> "dict[str, object]":
    found = manager.file(path)
    there = manager.packages([found.name])
    if any(one.is_installed and (one.version, one.arch) == (found.version, found.arch) for one in there):
        return goals.report([])
    manager.refuse_downgrades("file", [path], options)
    return goals.report(manager.transact("file", [path], options))


@action
def upgrade(
    host: "Host",
    *,
    mode: "Literal['safe', 'full', 'dist']" = "safe",
    update_cache: bool = False,
    cache_valid_time: "Duration" = 0,
    lock_timeout: "Duration" = 60,
    allow_held: bool = False,
    autoremove: bool = False
) -> "dict[str, object]":
    """Upgrade everything that is installed.

    mode: safe removes nothing; full (also called dist) may install and remove packages to upgrade others
    update_cache: fetch the index first
    allow_held: upgrade packages on hold too; they stay on hold
    autoremove: remove what nothing needs any more
    as in install: cache_valid_time, lock_timeout

    example: pkg.upgrade { mode = "full", update_cache = true }
    """
    manager = manager_of(host, lock_timeout)
    index = goals.Index(update_cache, cache_valid_time)
    index.prepare(manager)
    verb = "upgrade" if mode == "safe" else "full-upgrade"
    return goals.everything(manager, verb, Options(allow_held=allow_held, autoremove=autoremove), index)


@action
def autoremove(host: "Host", *, purge: bool = False, lock_timeout: "Duration" = 60) -> "dict[str, object]":
    """Remove packages that were installed for others and are needed by none any more.

    purge: remove their configuration too
    as in install: lock_timeout

    example: pkg.autoremove()
    """
    return goals.everything(manager_of(host, lock_timeout), "autoremove", Options(purge=purge), goals.Index())


@action(synonyms={"packages": _NAMES}, rest="packages")
def hold(host: "Host", *, packages: "list[str]", lock_timeout: "Duration" = 60) -> None:
    """Make sure that installed packages stay in their version.

    packages: names; wildcards stand for all that is installed
    as in install: lock_timeout

    example: pkg.hold("postgresql-15")
    """
    goals.hold(manager_of(host, lock_timeout), wanted(packages), is_held=True)


@action(synonyms={"packages": _NAMES}, rest="packages")
def unhold(host: "Host", *, packages: "list[str]", lock_timeout: "Duration" = 60) -> None:
    """Make sure that installed packages may be upgraded again.

    packages: names; wildcards stand for all that is installed
    as in install: lock_timeout

    example: pkg.unhold("postgresql-15")
    """
    goals.hold(manager_of(host, lock_timeout), wanted(packages), is_held=False)
