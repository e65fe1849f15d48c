"""Checks of installed packages."""

from sloth.runtime.action import SAME, action
from sloth.runtime.modules.infra_test.requiring import require
from sloth.runtime.packages.choice import manager_of
from sloth.runtime.packages.words import wanted

MYPY = False
if MYPY:
    from sloth.runtime.host import Host
    from sloth.runtime.packages.words import Package


@action(synonyms={"name": ("package",)}, check=SAME)
def package_is_installed(host: "Host", *, name: str) -> None:
    """A package is installed.

    name: the package, also name=version

    example: infra_test.package_is_installed("nginx")
    """
    require(host, bool(_installed(host, name)), f"{name} is not installed")


@action(synonyms={"name": ("package",)}, check=SAME)
def package_version(host: "Host", *, name: str, version: str) -> None:
    """A package is installed in this version.

    name: the package
    version: the version; 1.0* is any 1.0

    example: infra_test.package_version("nginx", "1.22*")
    """
    found = _installed(host, name)
    now = found[0].version if found else "nothing"
    require(host, bool(_installed(host, f"{name}={version}")), f"{name}: {now} is installed, wanted {version}")


def _installed(host: "Host", name: str) -> "list[Package]":
    one = wanted([name])[0]
    return [package for package in manager_of(host).packages([one.label]) if one.is_met_by(package)]
