"""Packages: installed, in a version, the latest, gone. One transaction a call, none when nothing differs."""

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.packages import goals
from sloth.runtime.packages.choice import manager_of
from sloth.runtime.packages.words import Options, wanted
from sloth.runtime.repository_actions import key as key  # noqa: PLC0414  # an action of this module
from sloth.runtime.repository_actions import repository as repository  # noqa: PLC0414  # another

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

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
    autoremove: bool = False
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

    example: pkg.install { packages = { "nginx", "curl" }, update_cache = true, cache_valid_time = "1h" }
    example: pkg.install("vim", "git")
    example: pkg.install { name = "postgresql-15", version = "15.4*", allow_downgrade = true }
    """
    manager = manager_of(host, lock_timeout)
    options = Options(
        allow_downgrade=allow_downgrade, allow_held=allow_held, recommends=recommends, release=default_release,
        only_upgrade=only_upgrade, purge=purge, autoremove=autoremove,
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
    cache_valid_time: an index not older than this is fresh enough; alone it implies update_cache
    lock_timeout: how long to wait for another program that works on packages
    allow_held: upgrade packages that are on hold too; they stay on hold
    only_upgrade: leave out packages that are not installed

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
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.remove { packages = { "apache2" }, purge = true }
    """
    options = Options(purge=purge, autoremove=autoremove, allow_held=allow_held)
    return goals.absent(manager_of(host, lock_timeout), wanted(packages), options)


@action
def update(host: "Host", *, cache_valid_time: "Duration" = 0, lock_timeout: "Duration" = 60) -> "dict[str, object]":
    """Fetch the index of available packages; changed when its content is another afterwards.

    cache_valid_time: an index not older than this is fresh enough
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.update { cache_valid_time = "1h" }
    """
    manager = manager_of(host, lock_timeout)
    if manager.is_fresh(cache_valid_time):
        return {"cache_updated": False}
    if host.check:
        host.unknown = True  # only fetching it tells whether it is another
        host.effect("fetch the package index", lambda: None)
    elif manager.refresh():
        host.effect("fetched a new package index", lambda: None)
    return {"cache_updated": True}


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
    cache_valid_time: an index not older than this is fresh enough; alone it implies update_cache
    lock_timeout: how long to wait for another program that works on packages
    allow_held: upgrade packages on hold too; they stay on hold
    autoremove: remove what nothing needs any more

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
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.autoremove()
    """
    return goals.everything(manager_of(host, lock_timeout), "autoremove", Options(purge=purge), goals.Index())


@action
def clean(host: "Host", *, lock_timeout: "Duration" = 60) -> "dict[str, object]":
    """Drop downloaded package files.

    lock_timeout: how long to wait for another program that works on packages

    example: pkg.clean()
    """
    manager = manager_of(host, lock_timeout)
    files = manager.cached()
    if files:
        manager.clean()
    return {"files": len(files)}


@action(synonyms={"packages": _NAMES}, rest="packages")
def hold(host: "Host", *, packages: "list[str]", lock_timeout: "Duration" = 60) -> None:
    """Make sure that installed packages stay in their version.

    packages: names; wildcards stand for all that is installed
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.hold("postgresql-15")
    """
    goals.hold(manager_of(host, lock_timeout), wanted(packages), is_held=True)


@action(synonyms={"packages": _NAMES}, rest="packages")
def unhold(host: "Host", *, packages: "list[str]", lock_timeout: "Duration" = 60) -> None:
    """Make sure that installed packages may be upgraded again.

    packages: names; wildcards stand for all that is installed
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.unhold("postgresql-15")
    """
    goals.hold(manager_of(host, lock_timeout), wanted(packages), is_held=False)


@action(synonyms={"path": ("file", "src", "deb")})
def install_local(
    host: "Host",
    *,
    path: str,
    allow_downgrade: bool = False,
    recommends: "bool | None" = None,
    lock_timeout: "Duration" = 60
) -> "dict[str, object]":
    """Make sure that the package in a file on the host is installed, with what it depends on.

    path: the file; another version of the package than the installed one is installed in its place
    allow_downgrade: permit a version lower than the installed one
    recommends: whether recommended packages come too; the host's own setting when not given
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.install_local("/srv/packages/tool_1.2_all.deb")
    """
    if not path.startswith("/"):
        raise BadArguments(f"pkg.install_local: path must be absolute, got {path!r}")
    manager = manager_of(host, lock_timeout)
    found = manager.file(path)
    there = manager.packages([found.name])
    if any(one.is_installed and (one.version, one.arch) == (found.version, found.arch) for one in there):
        return goals.report([])
    options = Options(allow_downgrade=allow_downgrade, recommends=recommends)
    manager.refuse_downgrades("file", [path], options)
    return goals.report(manager.transact("file", [path], options))


@action(query=True, synonyms={"name": ("package", "pkg")})
def is_installed(host: "Host", *, name: str, version: "str | None" = None) -> bool:
    """Whether a package is installed.

    name: the package, also name=version
    version: the version it must have; 1.0* means any 1.0

    example: if not pkg.is_installed("nginx") then log.warn("no nginx") end
    """
    one = goals.one_of(name, version)
    return any(one.is_met_by(package) for package in manager_of(host).packages([one.label]))


@action(query=True, synonyms={"name": ("package", "pkg")})
def version(host: "Host", *, name: str) -> str:
    """The installed version of a package; nil when it is not installed.

    name: the package

    example: local v = pkg.version("nginx")
    """
    return goals.installed(manager_of(host), goals.one_of(name))[0].version


@action(query=True, synonyms={"name": ("package", "pkg")})
def info(host: "Host", *, name: str) -> "dict[str, object]":
    """What is known of a package: name, installed, version, held and the fields of its record, in lower case.

    name: the package, installed or in the index

    example: log.info(pkg.info("nginx").description)
    """
    manager = manager_of(host)
    one = goals.one_of(name)
    there = [package for package in manager.packages([one.label]) if one.names(package) and package.is_installed]
    fields = {key.lower().replace("-", "_"): value for key, value in manager.record(one.label).items()}
    return dict(fields, name=one.label, installed=bool(there), held=any(package.is_held for package in there))


@action(query=True, synonyms={"pattern": ("name",)})
def list_(host: "Host", *, pattern: str = "*") -> "list[dict[str, object]]":
    """The installed packages: a list of name, version, arch, held.

    pattern: only names that match this wildcard

    example: for _, p in ipairs(pkg.list("php*")) do print(p.name, p.version) end
    """
    names = [] if pattern == "*" else [goals.one_of(pattern).label]
    return [package.plain() for package in manager_of(host).packages(names) if package.is_installed]


@action(query=True, synonyms={"text": ("query", "name", "pattern")})
def search(host: "Host", *, text: str) -> "list[dict[str, str]]":
    """Packages of the index with a text in their name or description: a list of name, summary.

    text: what to look for

    example: for _, p in ipairs(pkg.search("web server")) do print(p.name, p.summary) end
    """
    return [{"name": name, "summary": summary} for name, summary in manager_of(host).search(text)]


@action(query=True, synonyms={"path": ("file",)})
def which(host: "Host", *, path: str) -> str:
    """The package that a file belongs to.

    path: the file, by its absolute path

    example: print(pkg.which("/usr/bin/git"))
    """
    owners = manager_of(host).owner(path)
    if not owners:
        raise ActionFailed(f"no package has {path}")
    return owners[0]


@action(query=True, synonyms={"name": ("package", "pkg")})
def deps(host: "Host", *, name: str) -> "list[str]":
    """The names of the packages that a package depends on; of alternatives the first.

    name: the package, installed or in the index

    example: print(table.concat(pkg.deps("nginx"), ", "))
    """
    return list(dict.fromkeys(manager_of(host).depends(goals.one_of(name).label)))
