"""The trees of files that hosts of the lab share: one for each release of Debian, made once by mmdebstrap, and one for
each program other than systemd that may start a host.

Hosts reach no mirror. What tests install comes from a small apt repository inside the tree: a few packages of Debian,
and `lab-demo` in two versions for pins and upgrades. A lab that is older than the list of these packages gets what it lacks.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.shell import LabError, call

MIRROR = "http://deb.debian.org/debian"
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "python3", "python3-apt", "sudo", "iproute2", "procps",
    "ca-certificates", "cron", "git", "curl", "rsync", "acl",
)  # fmt: skip
REPOSITORY = (
    "hello", "tree", "figlet", "jq", "libjq1", "libonig5", "nginx", "nginx-common", "opendoas",
    "nftables", "libnftables1", "libnftnl11", "libjansson4", "logrotate", "libpam-systemd",
)  # fmt: skip
# Where a release's installer writes down the repositories, and in which of the two formats.
SOURCES = {
    "bookworm": ("sources.list", "deb [trusted=yes] file:/srv/repo ./\n"),
    "trixie": ("sources.list.d/debian.sources", "Types: deb\nURIs: file:/srv/repo\nSuites: ./\nTrusted: yes\n"),
}
RELEASES = tuple(SOURCES)
# Hosts that something else than systemd starts: the packages of it.
STARTED_BY = {"bookworm-openrc": ("sysvinit-core", "openrc"), "bookworm-sysv": ("sysvinit-core", "sysv-rc")}
NETWORK = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides: lab-network
# Required-Start: $local_fs
# Required-Stop:
# Default-Start: S
# Default-Stop:
### END INIT INFO
[ "$1" = start ] || exit 0
ip link set host0 up
ip address add "$(sed -n s/^Address=//p /etc/systemd/network/10-lab.network)" dev host0
"""
# These act on their own some time after boot, and would disturb what a test counts.
QUIET = ("console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer", "systemd-firstboot.service")


def base_tree(lab: Path, release: str) -> Path:
    """The path of the shared tree of `release`, built when it is not there yet (about a minute)."""
    if release not in (*RELEASES, *STARTED_BY):
        raise LabError(f"the lab has no {release}, only {' and '.join((*RELEASES, *STARTED_BY))}")
    root = lab / f"base-{release}"
    if (root / ".ready").exists():
        _complete_repository(root)
        return root
    if root.exists():  # an earlier build was interrupted
        shutil.rmtree(root)
    lab.mkdir(parents=True, exist_ok=True)
    if release in STARTED_BY:
        _start_otherwise(root, base_tree(lab, release.partition("-")[0]), STARTED_BY[release])
        (root / ".ready").touch()
        return root
    _install(root, release)
    _add_deploy_user(root)
    _configure_services(root)
    _add_repository(root, *SOURCES[release])
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()  # each host makes its own
    (root / ".ready").touch()
    return root


def _install(root: Path, release: str) -> None:
    # It takes half of debootstrap's work. The lists of packages stay: the repository is filled by them.
    call(
        "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--skip=cleanup/apt/lists",
        "--dpkgopt=force-unsafe-io", "--customize-hook=rm $1/etc/dpkg/dpkg.cfg.d/99mmdebstrap", release, str(root), MIRROR,
    )  # fmt: skip


def _inside(root: Path, *argv: str, text: str | None = None) -> None:
    call("chroot", str(root), *argv, text=text)


def _add_deploy_user(root: Path) -> None:
    _inside(root, "useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "deploy")
    _inside(root, "chpasswd", text="deploy:deploy\n")


def _configure_services(root: Path) -> None:
    # All else stays as Debian ships it, MaxStartups 10:30:100 and MaxSessions 10 among it.
    (root / "etc/ssh/sshd_config.d/lab.conf").write_text("UseDNS no\n")
    _inside(root, "systemctl", "enable", "systemd-networkd")
    _inside(root, "systemctl", "mask", *QUIET)


def _add_repository(root: Path, sources: str, content: str) -> None:
    repository = root / "srv/repo"
    repository.mkdir(parents=True)
    _download(root, REPOSITORY)
    for version in ("1.0", "2.0"):
        _build_demo(repository, version)
    _write_index(repository)
    (root / "etc/apt/sources.list").unlink()
    (root / "etc/apt" / sources).write_text(content)
    _inside(root, "apt-get", "update")


def _complete_repository(root: Path) -> None:
    """Hosts that are booted from now on have what was missing; without a mirror there is only what there was."""
    repository = root / "srv/repo"
    missing = [name for name in REPOSITORY if not list(repository.glob(f"{name}_*.deb"))]
    if not missing:
        return
    try:
        with _mirrored(root) as apart:
            _download(root, missing, *apart)
    except LabError:
        return
    _write_index(repository)
    _inside(root, "apt-get", "update")


def _start_otherwise(root: Path, source: Path, packages: Sequence[str]) -> None:
    """Make a copy of a tree, with these packages in place of systemd's init."""
    call("cp", "--archive", "--reflink=auto", str(source), str(root))
    (root / ".ready").unlink()
    quick = ("-o", "Dpkg::Options::=--force-unsafe-io", "--allow-remove-essential", "--no-install-recommends", "--yes")
    with _mirrored(root) as apart:
        _inside(root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *apart, *quick, "install", *packages)
    script = root / "etc/init.d/lab-network"
    script.write_text(NETWORK)
    script.chmod(0o755)
    _inside(root, "update-rc.d", script.name, "defaults")


@contextmanager
def _mirrored(root: Path) -> Iterator[tuple[str, ...]]:
    """Options by which apt takes Debian's mirror, with lists apart: running hosts look at the tree's own meanwhile."""
    with tempfile.TemporaryDirectory(dir=root / "tmp") as scratch:
        inside = f"/tmp/{Path(scratch).name}"
        Path(scratch, "sources").write_text(f"deb {MIRROR} {root.name.split('-')[1]} main\n")
        Path(scratch, "lists").mkdir()
        apart = ("-o", f"Dir::Etc::SourceList={inside}/sources", "-o", f"Dir::State::Lists={inside}/lists", "-o", f"Dir::Cache={inside}")
        _inside(root, "apt-get", *apart, "update")
        yield apart


def _download(root: Path, names: Sequence[str], *options: str) -> None:
    _inside(root, "sh", "-c", 'cd /srv/repo && apt-get "$@"', "sh", *options, "download", *names)


def _write_index(repository: Path) -> None:
    index = call("sh", "-c", 'cd "$1" && dpkg-scanpackages --multiversion . 2>/dev/null', "sh", str(repository))
    (repository / "Packages").write_text(index)


def _build_demo(repository: Path, version: str) -> None:
    control = f"Package: lab-demo\nVersion: {version}\nArchitecture: all\nMaintainer: lab\nDescription: demo\n"
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch, "lab-demo")
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(control)
        (tree / "usr/share/lab-demo").mkdir(parents=True)
        (tree / "usr/share/lab-demo/version").write_text(f"{version}\n")
        call("dpkg-deb", "--root-owner-group", "--build", str(tree), str(repository))
