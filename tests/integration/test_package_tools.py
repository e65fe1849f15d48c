"""dnf, zypper and pacman themselves, each on a root of its own with a small repository: what sloth asks and does there.

No Debian has apk, so there is no such test of it; test_pkg_managers.py has what it prints.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages import goals
from sloth.runtime.packages.dnf import Dnf
from sloth.runtime.packages.goals import Index
from sloth.runtime.packages.pacman import Pacman
from sloth.runtime.packages.tool import Tool
from sloth.runtime.packages.words import Options, wanted
from sloth.runtime.packages.zypper import Zypper
from tests.doubles import real_host
from tests.prerequisites import skip_or_fail

pytestmark = pytest.mark.needs_root

SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: demo {name}
License: MIT
BuildArch: noarch
{requires}
Provides: virtual-{name}
%description
A demo.
%install
mkdir -p %{{buildroot}}/opt/{name}; echo {version} >%{{buildroot}}/opt/{name}/version
%files
/opt/{name}/version
"""
PKGINFO = """\
pkgname = {name}
pkgver = {version}-1
pkgdesc = demo {name}
builddate = 1700000000
size = 4
arch = any
license = MIT
provides = virtual-{name}
{requires}
"""
PACMAN_CONF = """\
[options]
RootDir = {root}
DBPath = {root}/var/lib/pacman/
CacheDir = {root}/var/cache/pacman/pkg/
LogFile = {folder}/log
GPGDir = {folder}/gpg
HookDir = {folder}/hooks
Architecture = auto
SigLevel = Never
[lab]
Server = file://{folder}/repo
"""


PACKAGES = (
    ("lab-keep", "1.0", ""), ("lab-dep", "1.0", ""), ("lab-demo", "1.0", ""), ("lab-demo", "2.0", ""),
    ("lab-user", "1.0", "lab-dep"), ("lab-user", "2.0", "lab-dep"),
)
# Debian's package of them breaks zypper, so .ci/run unpacks it here.
DNF_PLUGINS = Path("/usr/local/share/dnf-plugins/usr/lib/python3/dist-packages")
Publish = Callable[[str, str], None]


def sh(script: str, *words: object) -> None:
    subprocess.run(["sh", "-ec", script, "sh", *map(str, words)], check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class Site:
    """A root with a package manager of its own. publish(name, version): one more package in the repository."""

    kind: type[Tool]
    root: Path
    publish: Publish

    def manager(self, *, check: bool = False) -> Tool:
        return self.kind(real_host(check=check), 5, str(self.root))

    def reach(self, goal: str, *names: str, check: bool = False, **options: Any) -> list[str]:
        """Reach a goal; returns what was changed."""
        manager = self.manager(check=check)
        asked, chosen = wanted(list(names)), Options(**options)
        if goal == "absent":
            goals.absent(manager, asked, chosen)
        else:
            getattr(goals, goal)(manager, asked, chosen, Index(), manual=False)
        return manager.host.changes

    def settles(self, goal: str, *names: str, **options: Any) -> None:
        """Check mode foretells the change and makes none, then it is made, then there is nothing to do."""
        before = self.versions
        assert self.reach(goal, *names, check=True, **options)
        assert self.versions == before
        assert self.reach(goal, *names, **options)
        assert self.reach(goal, *names, **options) == []

    @property
    def versions(self) -> dict[str, str]:
        there = self.manager().packages([])
        return {one.name: one.spellings[-1] for one in there if one.is_installed and one.name != "lab-keep"}


def wrapped(folder: Path, name: str, *words: object, setting: str = "") -> None:
    """The program `name`, on PATH, with words of ours in front. setting: of its environment."""
    real = shutil.which(name)
    script = folder / "bin" / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec env {setting} {real} {" ".join(map(str, words))} "$@"\n')
    script.chmod(0o755)


def rpm_repository(folder: Path, built: Path) -> Publish:
    (folder / "repo").mkdir()

    def publish(name: str, version: str) -> None:
        shutil.copy(built / f"noarch/{name}-{version}-1.noarch.rpm", folder / "repo")
        sh("createrepo_c -q $1/repo", folder)

    return publish


def dnf(folder: Path, built: Path) -> Site:
    root = folder / "root"
    (folder / "repos.d").mkdir()
    repository = f"[lab]\nname=lab\nbaseurl=file://{folder}/repo\ngpgcheck=0\n"
    (folder / "repos.d/lab.repo").write_text(repository)
    locks = root / "etc/dnf/plugins/versionlock.list"
    locks.parent.mkdir(parents=True)
    locks.touch()
    (folder / "plugins").mkdir()
    (folder / "plugins/versionlock.py").symlink_to(DNF_PLUGINS / "dnf-plugins/versionlock.py")
    (folder / "plugins/versionlock.conf").write_text(f"[main]\nenabled=1\nlocklist={locks}\n")
    wrapped(folder, "dnf", f"--installroot={root}", "--releasever=1", f"--setopt=reposdir={folder}/repos.d",
            f"--setopt=pluginpath={folder}/plugins", f"--setopt=pluginconfpath={folder}/plugins",
            setting=f"PYTHONPATH={DNF_PLUGINS}")  # fmt: skip
    wrapped(folder, "rpm", f"--root={root}")
    return Site(Dnf, root, rpm_repository(folder, built))


def zypper(folder: Path, built: Path) -> Site:
    root = folder / "root"
    root.mkdir()
    wrapped(folder, "zypper", f"--root={root}")
    wrapped(folder, "rpm", f"--root={root}")
    publish = rpm_repository(folder, built)
    publish("lab-keep", "1.0")  # zypper cannot read a database that has become empty
    sh("zypper --root $1 -n -q addrepo --no-gpgcheck file://$2/repo lab", root, folder)
    sh("zypper --root $1 -n -q install lab-keep", root)
    return Site(Zypper, root, publish)


def pacman(folder: Path, built: Path) -> Site:
    root = folder / "root"
    for path in (root / "var/lib/pacman", root / "var/cache/pacman/pkg", folder / "gpg", folder / "repo"):
        path.mkdir(parents=True)
    (folder / "pacman.conf").write_text(PACMAN_CONF.format(root=root, folder=folder))
    for program in ("pacman", "pacman-conf"):
        wrapped(folder, program, f"--config={folder}/pacman.conf")

    def publish(name: str, version: str) -> None:
        package = shutil.copy(built / f"{name}-{version}-1-any.pkg.tar.xz", folder / "repo")
        sh('repo-add -q "$1/lab.db.tar.gz" "$2"', folder / "repo", package)
        index = folder / "repo/lab.db.tar.gz"
        later = 10 * len(list((folder / "repo").iterdir()))  # pacman asks for what is newer, by the second
        os.utime(index, (index.stat().st_atime, index.stat().st_mtime + later))

    return Site(Pacman, root, publish)


TOOLS = {
    "dnf": (dnf, ("dnf", "rpm", "rpmbuild", "createrepo_c")),
    "zypper": (zypper, ("zypper", "rpm", "rpmbuild", "createrepo_c")),
    "pacman": (pacman, ("pacman", "repo-add", "bsdtar")),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All packages in all versions, as files of rpm and of pacman."""
    folder = tmp_path_factory.mktemp("built")
    for name, version, needs in PACKAGES:
        if shutil.which("rpmbuild"):
            requires = f"Requires: {needs}" if needs else ""
            (folder / "spec").write_text(SPEC.format(name=name, version=version, requires=requires))
            sh('rpmbuild -bb --quiet --define "_topdir $1/b" --define "_rpmdir $1" $1/spec', folder)
        if shutil.which("bsdtar"):
            tree = folder / name / version
            (tree / "opt" / name).mkdir(parents=True)
            (tree / "opt" / name / "version").write_text(version)
            requires = f"depend = {needs}" if needs else ""
            (tree / ".PKGINFO").write_text(PKGINFO.format(name=name, version=version, requires=requires))
            sh('cd "$1" && bsdtar -cJf "$2" .PKGINFO opt', tree, folder / f"{name}-{version}-1-any.pkg.tar.xz")
    return folder


@pytest.fixture(params=TOOLS)
def site(request: pytest.FixtureRequest, tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    make, tools = TOOLS[request.param]
    lacking = [tool for tool in tools if shutil.which(tool) is None]
    if lacking:
        skip_or_fail(f"needs {', '.join(lacking)}")
    site = make(tmp_path, built)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=":")
    for name in ("lab-dep", "lab-demo", "lab-user"):
        site.publish(name, "1.0")
    site.manager().refresh()
    return site


def test_34_what_is_missing_is_installed_in_one_transaction(site):
    site.settles("present", "lab-user", "lab-demo")
    assert site.versions == {"lab-user": "1.0", "lab-demo": "1.0", "lab-dep": "1.0"}
    assert site.manager().automatic() == {"lab-dep"}


def test_34_latest_upgrades_and_present_does_not(site):
    site.reach("present", "lab-demo")
    site.publish("lab-demo", "2.0")
    assert site.manager().refresh() is True
    assert site.reach("present", "lab-demo") == []
    site.settles("latest", "lab-demo", "lab-dep")
    assert site.versions == {"lab-demo": "2.0", "lab-dep": "1.0"}


def test_34_a_version_goes_down_only_where_that_is_allowed(site):
    site.publish("lab-demo", "2.0")
    site.manager().refresh()
    if site.kind is Pacman:
        pytest.skip("a repository of pacman has one version of each package")
    site.settles("present", "lab-demo=2.0")
    for check in (True, False):
        with pytest.raises(ActionFailed, match="allow_downgrade"):
            site.reach("present", "lab-demo=1.0", check=check)
    assert site.versions == {"lab-demo": "2.0"}
    site.settles("present", "lab-demo=1.*", allow_downgrade=True)
    assert site.versions == {"lab-demo": "1.0"}


def test_35_an_index_that_is_the_same_is_no_change_and_fresh_afterwards(site):
    manager = site.manager()
    assert manager.refresh() is False
    assert manager.is_fresh(60)
    assert not manager.is_fresh(0)


def test_36_removing_takes_what_depends_on_it_along_and_leaves_what_it_needed(site):
    site.reach("present", "lab-user")
    site.settles("absent", "lab-user")
    assert site.versions == {"lab-dep": "1.0"}
    site.reach("present", "lab-user")
    site.settles("absent", "lab-dep")
    assert site.versions == {}


def test_36_autoremove_takes_what_nothing_needs_any_more(site):
    site.reach("present", "lab-user")
    site.reach("absent", "lab-user")
    goals.everything(site.manager(), "autoremove", Options(), Index())
    assert site.versions == {}
    again = site.manager()
    goals.everything(again, "autoremove", Options(), Index())
    assert again.host.changes == []
    site.reach("present", "lab-user")
    site.settles("absent", "lab-user", autoremove=True)
    assert site.versions == {}


def test_upgrade_raises_everything(site):
    site.reach("present", "lab-user", "lab-demo")
    for name in ("lab-demo", "lab-user"):
        site.publish(name, "2.0")
    site.manager().refresh()
    goals.everything(site.manager(), "upgrade", Options(), Index())
    assert site.versions == {"lab-demo": "2.0", "lab-user": "2.0", "lab-dep": "1.0"}
    again = site.manager()
    goals.everything(again, "upgrade", Options(), Index())
    assert again.host.changes == []


def test_37_an_unknown_package_fails_before_others_change(site):
    for check in (True, False):
        with pytest.raises(ActionFailed, match=r"(nosuch.*update_cache|update_cache.*nosuch)"):
            site.reach("present", "lab-demo", "nosuch", check=check)
    assert site.versions == {}


def test_what_an_installed_package_provides_is_there(site):
    site.reach("present", "lab-demo")
    assert site.reach("present", "virtual-lab-demo") == []


def test_a_file_is_installed_and_known_again(site, tmp_path):
    site.reach("present", "lab-dep")
    file = next(path for path in (tmp_path / "repo").rglob("lab-user-1*") if path.is_file())
    manager = site.manager()
    assert manager.file(str(file)).spellings[-1] == "1.0"
    if site.kind is Zypper:
        return  # it wants a signature, which is right
    manager.transact("file", [str(file)], Options())
    assert site.versions == {"lab-dep": "1.0", "lab-user": "1.0"}


def test_queries_tell_what_is_there(site):
    site.reach("present", "lab-user", "lab-demo")
    manager = site.manager()
    assert manager.available(["lab-demo", "nosuch"]) == ["lab-demo"]
    assert {"lab-demo", "lab-dep", "lab-user"} <= set(manager.available([]))
    assert ("lab-demo", "demo lab-demo") in manager.search("lab-demo")
    assert "lab-dep" in manager.depends("lab-user")
    assert manager.record("lab-user")["Name"] == "lab-user"
    path = "/opt/lab-demo/version"
    assert manager.owner(f"{site.root}{path}" if site.kind is Pacman else path) == ["lab-demo"]


def test_a_hold_keeps_the_version(site):
    if site.kind is Pacman:
        pytest.skip("pacman has no command for it")
    if site.kind is Dnf and not DNF_PLUGINS.exists():
        skip_or_fail(f"needs {DNF_PLUGINS}")
    site.reach("present", "lab-demo")
    goals.hold(site.manager(), wanted(["lab-demo"]), is_held=True)
    again = site.manager()
    goals.hold(again, wanted(["lab-demo"]), is_held=True)
    assert again.host.changes == []
    site.publish("lab-demo", "2.0")
    site.manager().refresh()
    assert site.manager().held() == {"lab-demo"}
    assert site.reach("latest", "lab-demo") == []
    for check in (True, False):
        with pytest.raises(ActionFailed, match="on hold") as refused:
            site.reach("absent", "lab-demo", check=check)
        assert "<" not in refused.value.message
    if site.kind is Dnf:
        site.settles("latest", "lab-demo", allow_held=True)
    goals.hold(site.manager(), wanted(["lab-demo"]), is_held=False)
    assert site.manager().held() == set()
    if site.kind is Zypper:
        site.settles("latest", "lab-demo")


def test_what_a_tool_has_nothing_for_is_refused(site):
    with pytest.raises(ActionFailed, match="nothing for default_release"):
        site.manager().transact("install", ["lab-demo"], Options(release="testing"))
