"""What is known of packages, installed or in the index."""

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages import goals
from sloth.runtime.packages.choice import manager_of

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


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
