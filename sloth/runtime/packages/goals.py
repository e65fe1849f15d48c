"""What a call wants of packages, reached through whatever manages them: the same decisions for all managers."""

from fnmatch import fnmatchcase

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.packages.words import Options, Wanted, wanted

MYPY = False
if MYPY:
    from sloth.runtime.packages.tool import Tool
    from sloth.runtime.packages.words import Package, Step


class Index:
    """How fresh the index of available packages must be before something is installed from it."""

    def __init__(self, update: bool = False, valid_time: float = 0) -> None:
        self.update = update
        self.valid_time = valid_time
        self.was_updated = False

    def is_due(self, manager: "Tool") -> bool:
        """Whether it is to be fetched first."""
        return (self.update or self.valid_time > 0) and not manager.is_fresh(self.valid_time)

    def prepare(self, manager: "Tool") -> None:
        """Fetch it when that is due. It is a cache: its new content alone is no change of the host."""
        if self.is_due(manager) and not manager.host.check:
            manager.refresh()
            self.was_updated = True


def present(
    manager: "Tool", asked: "list[Wanted]", options: Options, index: Index, *, manual: bool
) -> "dict[str, object]":
    """Install what is missing."""
    patterns = [one for one in asked if one.is_pattern]
    if patterns:
        index.prepare(manager)
        asked = _expand(manager, asked)
    there = manager.packages([one.label for one in asked])
    if options.only_upgrade:
        asked = [one for one in asked if any(one.names(package) and package.is_installed for package in there)]
    missing = [one for one in asked if not any(one.is_met_by(package) for package in there)]
    missing = _without_provided(manager, missing)
    steps = []  # type: list[Step]
    if missing:
        if not patterns:
            index.prepare(manager)
        steps = _install(manager, missing, options, index)
    if manual:
        _mark_manual(manager, [one for one in asked if one not in missing])
    return report(steps, index)


def latest(
    manager: "Tool", asked: "list[Wanted]", options: Options, index: Index, *, manual: bool
) -> "dict[str, object]":
    """Install what is missing, upgrade what is older than the index has."""
    index.prepare(manager)
    asked = _expand(manager, asked)
    there = [package for package in manager.packages([one.label for one in asked]) if package.is_installed]
    if options.only_upgrade:
        asked = [one for one in asked if any(one.names(package) for package in there)]
    held = [one for one in asked if any(one.names(package) and package.is_held for package in there)]
    if held and not options.allow_held:
        names = ", ".join(one.label for one in held)
        manager.host.warn(f"on hold, not upgraded: {names} (allow_held = true permits it)")
        asked = [one for one in asked if one not in held]
    steps = []  # type: list[Step]
    if asked and manager.plan("latest", _arguments(manager, asked), options):
        steps = _install(manager, asked, options, index, "latest")
    if manual:
        _mark_manual(manager, asked)
    return report(steps, index)


def absent(manager: "Tool", asked: "list[Wanted]", options: Options) -> "dict[str, object]":
    """Remove what is there."""
    there = manager.packages([one.label for one in asked])
    gone = [
        package for package in there
        if (package.is_installed or options.purge) and any(one.speaks_of(package) for one in asked)
    ]
    held = [package.label for package in gone if package.is_held and not options.allow_held]
    if held and manager.holds_only_versions:
        raise ActionFailed(f"on hold, not removed: {' '.join(held)} (allow_held = true permits it)")
    return report(manager.transact("remove", [package.label for package in gone], options) if gone else [])


def everything(manager: "Tool", verb: str, options: Options, index: Index) -> "dict[str, object]":
    """A transaction over all packages: upgrade, full-upgrade, autoremove."""
    steps = manager.plan(verb, [], options)
    return report(manager.transact(verb, [], options) if steps else [], index)


def _install(
    manager: "Tool", asked: "list[Wanted]", options: Options, index: Index, verb: str = "install"
) -> "list[Step]":
    host, arguments = manager.host, _arguments(manager, asked)
    try:
        if any(one.version for one in asked):
            manager.refuse_downgrades(verb, arguments, options)
        return manager.transact(verb, arguments, options)
    except ActionFailed as error:
        if not (host.check and index.is_due(manager)):
            raise
        host.unknown = True
        host.warn(f"{error.message}; this may be otherwise once the index is fetched, which check mode leaves")
        host.effect("install " + " ".join(arguments), lambda: None)
        return []


def hold(manager: "Tool", asked: "list[Wanted]", *, is_held: bool) -> None:
    """Put installed packages on hold, or take them off."""
    there = [package for package in manager.packages([one.label for one in asked]) if package.is_installed]
    absent = [one.label for one in asked if not any(one.names(package) for package in there)]
    if absent and not manager.host.is_to_come(f"not installed: {', '.join(absent)}"):
        raise ActionFailed(f"not installed, so it cannot be put on hold: {', '.join(absent)}")
    names = [one.label for one in there if one.is_held != is_held and any(want.names(one) for want in asked)]
    if names:
        manager.hold(names, is_held)


def _mark_manual(manager: "Tool", asked: "list[Wanted]") -> None:
    automatic = manager.automatic()
    names = [one.label for one in asked if one.name in automatic]
    if names:
        manager.mark_manual(names)


def _expand(manager: "Tool", asked: "list[Wanted]") -> "list[Wanted]":
    """Patterns replaced by all names that the index has for them."""
    if not any(one.is_pattern for one in asked):
        return asked
    every = manager.available([])
    expanded = []
    for one in asked:
        names = sorted(name for name in every if fnmatchcase(name, one.name)) if one.is_pattern else [one.name]
        if not names:
            raise ActionFailed(f"no package in the index matches {one.name}")
        expanded += [Wanted(name, one.arch, one.version) for name in names]
    return expanded


def _without_provided(manager: "Tool", missing: "list[Wanted]") -> "list[Wanted]":
    """Virtual packages are there when some installed package provides them and no real one has their name."""
    if all(one.version for one in missing):
        return missing
    provided = manager.provided([one.name for one in missing if not one.version])
    virtual = [one for one in missing if one.name in provided and not one.version]
    if not virtual:
        return missing
    real = set(manager.available([one.label for one in virtual]))
    return [one for one in missing if one not in virtual or one.label in real]


def one_of(name: str, version: "str | None" = None) -> Wanted:
    """The single package that a caller names."""
    asked = wanted([name], version)
    if len(asked) != 1:
        raise BadArguments(f"one package is asked for, got {name!r}")
    return asked[0]


def installed(manager: "Tool", one: Wanted) -> "list[Package]":
    """The installed packages that one name speaks of, or ActionFailed."""
    found = [package for package in manager.packages([one.label]) if one.is_met_by(package)]
    if not found:
        raise ActionFailed(f"{one.label} is not installed")
    return found


def _arguments(manager: "Tool", asked: "list[Wanted]") -> "list[str]":
    return [manager.spell(one) for one in asked]


def report(steps: "list[Step]", index: "Index | None" = None) -> "dict[str, object]":
    """An action's own fields: what each package went from and to, and whether the index was fetched."""
    return {"steps": [step.plain() for step in steps], "cache_updated": index is not None and index.was_updated}
