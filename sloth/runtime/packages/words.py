"""The words in which packages are spoken of: what is wanted, what is there, what a transaction did."""

import re
from fnmatch import fnmatchcase

from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from collections.abc import Iterable, Mapping, Sequence

_WANTED = re.compile(r"^([A-Za-z0-9*?\[][A-Za-z0-9+.*?\[\]_-]*?)(?::([a-z0-9-]+))?(?:=([^\s=]+))?$")


class Wanted:
    """A package as a caller names it: `name`, `name:arch`, `name=version`; name and version may hold wildcards."""

    def __init__(self, name: str, arch: str = "", version: str = "") -> None:
        self.name = name
        self.arch = arch
        self.version = version

    @property
    def is_pattern(self) -> bool:
        """Whether the name stands for several packages."""
        return any(char in self.name for char in "*?[")

    @property
    def label(self) -> str:
        """The name with its architecture, where one was given."""
        return self.name + (":" + self.arch if self.arch else "")

    def names(self, package: "Package") -> bool:
        """Whether it speaks of this package, in whatever version."""
        if self.arch not in {"", package.arch} or not (self.arch or package.is_native):
            return False
        return fnmatchcase(package.name, self.name)

    def speaks_of(self, package: "Package") -> bool:
        """Whether it speaks of this package in this version."""
        if not self.names(package):
            return False
        return not self.version or any(fnmatchcase(version, self.version) for version in package.spellings)

    def is_met_by(self, package: "Package") -> bool:
        """Whether this package, as it is, is what is wanted."""
        return package.is_installed and self.speaks_of(package)


class Package:
    """A package that the host knows: installed, or with something left of it.

    short: the version without its release, where people leave that out
    """

    def __init__(
        self,
        name: str,
        version: str,
        arch: str = "",
        *,
        is_native: bool = True,
        is_installed: bool = True,
        is_held: bool = False,
        provides: "Sequence[str]" = (),
        short: str = ""
    ) -> None:
        self.name = name
        self.version = version
        self.arch = arch
        self.is_native = is_native
        self.is_installed = is_installed
        self.is_held = is_held
        self.provides = tuple(provides)
        self.spellings = (version, short) if short else (version,)

    @property
    def label(self) -> str:
        """The name, with the architecture where it is not the host's own."""
        return self.name if self.is_native else f"{self.name}:{self.arch}"

    def plain(self) -> "dict[str, object]":
        """For the caller in Lua."""
        return {"name": self.label, "version": self.version, "arch": self.arch, "held": self.is_held}


class Step:
    """One package that a transaction changes: from a version to a version, None being not installed."""

    def __init__(
        self, name: str, before: "str | None", after: "str | None", is_downgrade: bool = False
    ) -> None:
        self.name = name
        self.before = before
        self.after = after
        self.is_downgrade = is_downgrade

    def plain(self) -> "dict[str, object]":
        """For the caller in Lua: a version that is not there is left out."""
        fields = {"name": self.name, "from": self.before, "to": self.after}
        return {key: value for key, value in fields.items() if value is not None}


class Options:
    """What a transaction may do beyond the obvious."""

    def __init__(
        self,
        *,
        allow_downgrade: bool = False,
        allow_held: bool = False,
        recommends: "bool | None" = None,
        release: str = "",
        only_upgrade: bool = False,
        purge: bool = False,
        autoremove: bool = False,
        start_services: bool = True
    ) -> None:
        self.allow_downgrade = allow_downgrade
        self.allow_held = allow_held
        self.recommends = recommends
        self.release = release
        self.only_upgrade = only_upgrade
        self.purge = purge
        self.autoremove = autoremove
        self.start_services = start_services


def wanted(packages: "Sequence[str]", version: "str | None" = None) -> "list[Wanted]":
    """What a caller named, each once. An entry may hold several names: "git vim" or "git, vim"."""
    found = {}  # type: dict[tuple[str, str, str], Wanted]
    for text in (part for entry in packages for part in re.split(r"[\s,]+", entry) if part):
        match = _WANTED.match(text)
        if match is None or match.group(1).endswith("-"):
            raise BadArguments(
                f"{text!r} is no package name: write name, name:arch or name=version; a file is for pkg.install_local"
            )
        one = Wanted(match.group(1), match.group(2) or "", match.group(3) or "")
        found[one.name, one.arch, one.version] = one
    every = list(found.values())
    if not every:
        raise BadArguments("no package is named")
    if version is not None:
        if len(every) != 1 or every[0].version:
            raise BadArguments('version is for one package; for several write packages = {"name=version", ...}')
        every[0].version = version
    return every


def steps_between(before: "Iterable[Package]", after: "Iterable[Package]") -> "list[Step]":
    """What changed from one listing of installed packages to the next."""
    old, new = _versions(before), _versions(after)
    names = sorted(name for name in {**old, **new} if old.get(name) != new.get(name))
    return [Step(name, old.get(name), new.get(name)) for name in names]


def _versions(packages: "Iterable[Package]") -> "Mapping[str, str]":
    return {package.label: package.version for package in packages if package.is_installed}
