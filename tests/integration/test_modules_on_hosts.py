"""Every action that changes something, on a real Debian host, through all of sloth.

A row of the table is one call in a world that `PREPARE` makes for it. For all rows at once: check mode foretells
what apply then does, and leaves no trace on the host; apply does it; a second apply finds nothing to do.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from sloth.runtime.action import FORETELLS, WOULD_RUN, Action
from sloth.runtime.catalog import Catalog
from tests.applying import BECOME, DEPLOY, ROOT, Act, Login, Remote, Run, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

CATALOG = Catalog()
ROOM = "/srv/sloth sweep/ä 'q\" $HOME `x` \\n"
KEY = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32).decode()
HASH = "$6$saltsalt$" + "x" * 86
UNITS = "/usr/local/lib/systemd/system"
WORDS = "motd ¿größer? $x `y` \\1\n"

FILES = """
mkdir -p "$1/tree/sub"; cd "$1"
printf 'one\\ntwo\\n' > lines; printf 'a = 1\\n' > block; printf x > old; printf x > mode; printf x > copied; printf x > moved
printf x > removed; printf x > touched; chmod 600 mode; printf x > tree/sub/file; cp -a tree tree2; mkdir closed
printf 'key = 1\\n' > replaced; mkdir packed; printf 'ü' > 'packed/a b'; printf 'one\\n' > appended; touch -d 2001-01-01 touched; chmod 750 closed
"""
ACCOUNTS = """
for user in modify delete lock unlock password add leave key; do
  useradd -m -p '$6$saltsalt$old' sweep-$user
done
usermod -L sweep-unlock; usermod -aG users sweep-leave; groupadd sweep-gone
"""
REPOSITORIES = """
mkdir -p "$1/git/origin"; cd "$1/git/origin"; git init -q -b main; echo one > file; git add file
own="-c user.name=A -c user.email=a@b"; git $own commit -qm one
git clone -q --bare . ../bare; for name in behind dirty ahead tagged elsewhere pushed; do git clone -q . ../$name; done
echo two > file; git $own commit -qam two; echo by hand > ../dirty/file; echo new > ../ahead/new
cd ../pushed; git remote set-url origin ../bare; git $own commit -q --allow-empty -m more
"""
SETTINGS = """
cp -a /etc/hosts /etc/hostname /etc/timezone /etc/fstab /root/ 2>/dev/null; [ -e /root/fstab ] || touch /root/fstab
echo "127.0.1.1 sweep-name" >>/etc/hosts; readlink /etc/localtime >/root/localtime
hostname >/root/hostname.now; cp -a /etc/ssh/sshd_config.d /root/sshd_config.d
printf '#Ansible: sweep-off\n1 1 * * * true\n#Ansible: sweep-on\n#1 1 * * * true\n#Ansible: sweep-gone\n1 1 * * * true\n' | crontab -
mkdir -p /srv/sweep-mounted; mount -t tmpfs tmpfs /srv/sweep-mounted
echo 'tmpfs /srv/sweep-mounted tmpfs noauto 0 0' >>/etc/fstab; echo 'kernel.sweep = 1' >/etc/sysctl.d/99-sloth.conf
"""
SETTINGS_BACK = """
umount /srv/sweep-mounted /srv/sweep-mount 2>/dev/null; rmdir /srv/sweep-mounted /srv/sweep-mount 2>/dev/null
crontab -r 2>/dev/null; rm -f /etc/cron.d/sweep /etc/sysctl.d/99-sloth.conf
[ -e /root/hostname.now ] || return 0
[ -e /root/timezone ] && mv /root/timezone /etc/timezone; mv /root/hostname /etc/hostname; mv /root/fstab /etc/fstab; mv /root/hosts /etc/hosts
hostname "$(cat /root/hostname.now)"; ln -sfn "$(cat /root/localtime)" /etc/localtime; rm /root/localtime /root/hostname.now
rm -r /etc/ssh/sshd_config.d; mv /root/sshd_config.d /etc/ssh/; systemctl try-restart ssh
"""
UNIT_FILES = f"""
mkdir -p {UNITS}
for unit in s-running s-start s-stop s-enable s-disable running start stop restart reload enable disable mask unmask; do
  printf '[Service]\\nExecStart=/bin/sleep 1000\\nExecReload=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' > {UNITS}/sweep-$unit.service
done
printf '[Service]\\nExecStart=/bin/sleep 1000\\n' > /etc/systemd/system/sweep-removed.service
printf '[Service]\\nExecStart=/bin/true\\n' > {UNITS}/sweep-timer.service
systemctl daemon-reload; systemctl --quiet enable sweep-disable sweep-s-disable; systemctl --quiet mask sweep-unmask
printf '[Service]\\nExecStart=/usr/bin/python3 -m http.server -b 127.0.0.1 -d /srv/web 8099\\n' > {UNITS}/sweep-web.service
mkdir -p /srv/web; echo content > /srv/web/file; systemctl daemon-reload
systemctl start sweep-stop sweep-s-stop sweep-reload sweep-removed sweep-web
for i in $(seq 50); do (: < /dev/tcp/127.0.0.1/8099) 2>/dev/null && break; sleep 0.1; done
"""
PACKAGES = """
mkdir -p "/srv/sloth sweep/repo"; cd "/srv/sloth sweep/repo"
for name in install latest remove hold unhold upgrade auto local; do for version in 1 2; do
  mkdir -p b/DEBIAN
  printf 'Package: sweep-%s\\nVersion: %s\\nArchitecture: all\\nMaintainer: lab\\nDescription: sweep\\n' $name $version > b/DEBIAN/control
  dpkg-deb --root-owner-group --build -Znone b sweep-${name}_$version.deb >/dev/null
  [ $name = local ] || { cat b/DEBIAN/control; printf 'Filename: ./sweep-%s_%s.deb\\n' $name $version
    stat -c 'Size: %s' sweep-${name}_$version.deb; sha256sum sweep-${name}_$version.deb | sed 's/ .*//; s/^/SHA256: /'; echo; } >> Packages
done; done; rm -r b
cp -a . /srv/sloth-sweep-repo; mkdir -p /etc/apt/sources.list.d
echo 'deb [trusted=yes] copy:/srv/sloth-sweep-repo ./' > /etc/apt/sources.list.d/sloth-sweep.list
mv /var/cache/apt/archives /var/cache/apt/archives.away; mkdir -p /var/cache/apt/archives/partial
apt-get -qq update
dpkg --force-unsafe-io -i sweep-latest_1.deb sweep-remove_1.deb sweep-hold_1.deb sweep-unhold_1.deb sweep-upgrade_1.deb sweep-auto_1.deb >/dev/null
apt-mark -qq hold sweep-unhold; apt-mark -qq auto sweep-auto
touch /var/cache/apt/archives/sweep_1_all.deb
sed 's/^Description: sweep$/Description: sweep again/' Packages > /srv/sloth-sweep-repo/Packages
apt-get -s -qq install sweep-install >/dev/null
"""
CLEAN = f"""
settings_back() {{ {SETTINGS_BACK} }}; settings_back
rm -f /etc/apt/sources.list.d/sweep.sources /etc/apt/keyrings/sweep.asc
rm -rf "/srv/sloth sweep" /srv/web /srv/sloth-sweep-repo /tmp/sloth-sweep-*
for user in modify delete lock unlock password add leave key new; do userdel -rf sweep-$user 2>/dev/null; done
groupdel sweep-team 2>/dev/null; groupdel sweep-gone 2>/dev/null
systemctl stop 'sweep-*' 2>/dev/null; systemctl --quiet unmask sweep-mask sweep-unmask 2>/dev/null
rm -f {UNITS}/sweep-* /etc/systemd/system/sweep-* /etc/systemd/system/*.wants/sweep-* /var/lib/systemd/timers/*sweep-*
rmdir -p {UNITS} 2>/dev/null; systemctl daemon-reload; systemctl reset-failed
apt-mark -qq unhold sweep-hold sweep-unhold 2>/dev/null
dpkg --force-unsafe-io --purge $(dpkg-query -W -f '${{Package}} ' 'sweep-*' 2>/dev/null) >/dev/null 2>&1
[ -d /var/cache/apt/archives.away ] && rm -r /var/cache/apt/archives && mv /var/cache/apt/archives.away /var/cache/apt/archives
[ -e /etc/apt/sources.list.d/sloth-sweep.list ] && rm /etc/apt/sources.list.d/sloth-sweep.list && apt-get -qq update
rmdir /etc/apt/sources.list.d 2>/dev/null
true
"""
# All that a task could leave behind; not the traces that any session and any program leave.
SNAPSHOT = """
hostname; cat /proc/mounts /proc/sys/net/ipv4/ip_default_ttl; crontab -l
find / -xdev \\( -path /run -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/tmp -o -path /var/log \
  -o -path /root/.cache/sloth -o -path /home/deploy/.cache/sloth \\) -prune -o -printf '%p %y %m %u %g %s %T@ %C@ %l\\n' | sort
find /tmp /var/tmp -printf '%p %m %u %s\\n' | sort
dpkg -l; apt-mark showhold; apt-mark showauto; getent passwd; getent group; cat /etc/shadow
systemctl list-unit-files --no-legend | sha256sum; systemctl list-units --all --no-legend --plain 'sweep-*'
systemctl show -p MainPID 'sweep-*'
"""

# What was only of use for a while: files that were to become others, in the folders for such files, in any folder.
LEFTOVERS = """
find / -xdev \\( -path /proc -o -path /sys \\) -prune -o -name '.sloth-*' -print | sort
find /tmp /var/tmp /run/sloth -mindepth 1 | sort
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One call. Each time it is made again it reports `again`; named: arguments, with paths below ROOM where wanted."""

    action: str
    named: Mapping[str, object]
    again: str = "ok"

    @property
    def module(self) -> str:
        return self.action.partition(".")[0]

    @property
    def act(self) -> Act:
        return Act(self.action, self.named)

    @property
    def declared(self) -> Action:
        return CATALOG.find(*self.action.split("."))


def below(name: str) -> str:
    return f"{ROOM}/{name}"


REPOSITORY = {"name": "sweep", "url": "copy:/srv/sloth-sweep-repo", "suites": "./", "trusted": True}
WEB = "http://127.0.0.1:8099"
SUM = "sha256:" + hashlib.sha256(b"content\n").hexdigest()
ALWAYS = {"again": "changed"}
FORETOLD = {FORETELLS: "would_change", WOULD_RUN: "would_run"}
ROWS = (
    Row("exec.run", {"command": "touch run", "workdir": ROOM}, **ALWAYS),
    Row("exec.check", {"command": "touch check", "workdir": ROOM}, **ALWAYS),
    Row("exec.sh", {"script": "cd closed\ntouch ../sh", "workdir": ROOM}, **ALWAYS),
    Row("exec.command", {"program": "touch", "args": [below("command")]}, **ALWAYS),
    Row("exec.script", {"src": "make.sh", "args": [below("script")]}, **ALWAYS),
    Row("file_ops.copy", {"src": "tree dir", "dest": below("copy/"), "mode": "preserve"}),
    Row("file_ops.template", {"src": "motd.j2", "dest": below("template"), "vars": {"words": WORDS}, "mode": "0640"}),
    Row("file_ops.lineinfile", {"path": below("lines"), "line": "three = $3 \\1 'ü'"}),
    Row("file_ops.blockinfile", {"path": below("block"), "block": WORDS}),
    Row("file_ops.directory", {"path": below("made/deep ü"), "mode": "0750"}),
    Row("file_ops.touch", {"path": below("touched")}, **ALWAYS),
    Row("file_ops.link", {"src": "old", "dest": below("link")}),
    Row("file_ops.absent", {"path": below("tree")}),
    Row("file_ops.permissions", {"path": below("mode"), "mode": "0644", "owner": "deploy"}),
    Row("file_ops.sync", {"src": "tree dir", "dest": below("synced/deep"), "delete": True}),
    Row("file_ops.fetch", {"src": below("lines")}),
    Row("file_ops.download", {"url": f"{WEB}/file", "dest": below("downloaded 2"), "checksum": SUM}),
    Row("file_ops.replace", {"path": below("replaced"), "pattern": "^(k).*", "replacement": "\\1 = $2 'ü'"}),
    Row("file_ops.ini", {"path": below("x.ini"), "section": "a", "option": "ü", "value": "1 2"}),
    Row("file_ops.archive", {"paths": [below("packed")], "dest": below("packed.tar.xz")}),
    Row("file_ops.unarchive", {"src": "packed.tgz", "dest": below("unpacked/deep"), "strip": 1}),
    Row("http.download", {"url": f"{WEB}/file", "dest": below("downloaded"), "mode": "0640"}),
    Row("http.request", {"method": "OPTIONS", "url": WEB}, **ALWAYS),
    Row("http.post", {"url": WEB, "json": {"a": 1}}, **ALWAYS),
    Row("net.http_post", {"url": WEB, "body": "x"}, **ALWAYS),
    Row("http.put", {"url": WEB, "body": "x"}, **ALWAYS),
    Row("http.patch", {"url": WEB, "body": "x"}, **ALWAYS),
    Row("http.delete", {"url": WEB}, **ALWAYS),
    Row("git.clone", {"url": below("git/origin"), "path": below("cloned")}),
    Row("git.pull", {"path": below("git/behind")}),
    Row("git.checkout", {"path": below("git/elsewhere"), "version": "new", "create": True}),
    Row("git.ensure_clean", {"path": below("git/dirty")}),
    Row("git.commit", {"path": below("git/ahead"), "message": "ü 'x'", "author": "Ann <a@b>"}),
    Row("git.tag", {"path": below("git/tagged"), "name": "v1"}),
    Row("git.push", {"path": below("git/pushed")}),
    Row("fs.write", {"path": below("old"), "content": WORDS}),
    Row("fs.append", {"path": below("appended"), "content": WORDS}, **ALWAYS),
    Row("fs.mkdir", {"path": below("mkdir/b"), "mode": "0700"}),
    Row("fs.rm", {"path": below("removed")}),
    Row("fs.rmr", {"path": below("tree2")}),
    Row("fs.copy", {"src": below("copied"), "dest": below("copied 2")}),
    Row("fs.move", {"src": below("moved"), "dest": below("moved 2")}),
    Row("pkg.install", {"packages": ["sweep-install"]}),
    Row("pkg.latest", {"packages": ["sweep-latest"]}),
    Row("pkg.remove", {"packages": ["sweep-remove"]}),
    Row("pkg.hold", {"packages": ["sweep-hold"]}),
    Row("pkg.unhold", {"packages": ["sweep-unhold"]}),
    Row("pkg.upgrade", {}),
    Row("pkg.autoremove", {}),
    Row("pkg.install_local", {"path": "/srv/sloth sweep/repo/sweep-local_1.deb"}),
    Row("pkg.clean", {}),
    Row("pkg.key", {"name": "sweep", "content": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"}),
    Row("pkg.repository", {**REPOSITORY, "update_cache": False}),  # for the index is pkg.update's to fetch
    Row("pkg.update", {}),
    Row("systemd.running", {"name": "sweep-running"}),
    Row("systemd.start", {"name": "sweep-start"}),
    Row("systemd.stop", {"name": "sweep-stop"}),
    Row("systemd.restart", {"name": "sweep-restart"}, **ALWAYS),
    Row("systemd.reload", {"name": "sweep-reload"}, **ALWAYS),
    Row("systemd.enable", {"name": "sweep-enable"}),
    Row("systemd.disable", {"name": "sweep-disable"}),
    Row("systemd.mask", {"name": "sweep-mask"}),
    Row("systemd.unmask", {"name": "sweep-unmask"}),
    Row("systemd.daemon_reload", {}, **ALWAYS),
    Row(
        "systemd.create_service",
        {"name": "sweep-new", "exec_start": "/bin/sleep 9", "environment": {"A": 'a "b" 5% ü'}},
    ),
    Row("systemd.remove_service", {"name": "sweep-removed"}),
    Row("systemd.timer", {"name": "sweep-timer", "on_calendar": "daily"}),
    Row("service.running", {"name": "sweep-s-running"}),
    Row("service.start", {"name": "sweep-s-start"}),
    Row("service.stop", {"name": "sweep-s-stop"}),
    Row("service.restart", {"name": "sweep-restart"}, **ALWAYS),
    Row("service.reload", {"name": "sweep-reload"}, **ALWAYS),
    Row("service.enable", {"name": "sweep-s-enable"}),
    Row("service.disable", {"name": "sweep-s-disable"}),
    Row("user.create", {"name": "sweep-new", "comment": "Ann Ä", "groups": ["users"]}),
    Row("user.modify", {"name": "sweep-modify", "shell": "/bin/bash"}),
    Row("user.delete", {"name": "sweep-delete", "remove": True}),
    Row("user.lock", {"name": "sweep-lock"}),
    Row("user.unlock", {"name": "sweep-unlock"}),
    Row("user.set_password", {"name": "sweep-password", "password": HASH}),
    Row("user.add_to_group", {"name": "sweep-add", "groups": ["users"]}),
    Row("user.remove_from_group", {"name": "sweep-leave", "groups": ["users"]}),
    Row("user.group_create", {"name": "sweep-team"}),
    Row("user.group_delete", {"name": "sweep-gone"}),
    Row("cron.add", {"name": "sweep ü", "schedule": "daily", "command": "echo 'a' $b", "cron_file": "sweep", "user": "root"}),
    Row("cron.remove", {"name": "sweep-gone", "user": "root"}),
    Row("cron.enable", {"name": "sweep-on", "user": "root"}),
    Row("cron.disable", {"name": "sweep-off", "user": "root"}),
    Row("cron.env", {"name": "MAILTO", "value": "sweep@example.org", "user": "root"}),
    Row("sysctl.set", {"name": "net.ipv4.ip_default_ttl", "value": 65}),
    Row("sysctl.remove", {"name": "kernel.sweep"}),
    Row("hostname.set", {"name": "sweep-name"}),
    Row("timezone.set", {"name": "Europe/Berlin"}),
    Row("mount.mount", {"path": "/srv/sweep-mount", "src": "tmpfs", "fstype": "tmpfs", "opts": ["size=1m", "noexec"]}),
    Row("mount.unmount", {"path": "/srv/sweep-mounted", "fstab": True}),
    Row("mount.fstab", {"path": "/srv/sweep-later", "src": "LABEL=ü x", "fstype": "ext4", "opts": ["noauto"]}),
    Row("sshd.option", {"key": "MaxAuthTries", "value": 5}),
    Row("user.ssh_key", {"user": "sweep-key", "comment": "ü 'x'"}),
    Row("user.authorized_key", {"user": "sweep-key", "key": KEY}),
)
OWN = ("exec", "file_ops", "fs", "git", "http", "net")  # modules whose rows a plain user can make in a place of that user's own
UNBOUND = ("exec", "net")  # modules that may do as much as their caller, who is told of what went wrong
# What anybody may do.
OF_ANYONE = ("file_ops.fetch", "http.request", "http.post", "http.put", "http.patch", "http.delete")
SECOND_NAMES = {"fs.write_file": "fs.write", "fs.remove": "fs.rm"}
# What lies on the controller; and what a host does not survive unmoved, with tests of its own:
# test_firewall.py, and tests/e2e/test_rebooting.py.
OTHERS = ("state", "firewall", "host")


@dataclass(frozen=True, slots=True)
class Sweep:
    """Three runs of all rows; what the host was before and after the first, and what lay about before and after all."""

    check: Run
    first: Run
    second: Run
    before: str
    after: str
    found: str
    left: str


@pytest.fixture(scope="module")
def site(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        (one.folder / "files/tree dir/sub").mkdir(parents=True)
        (one.folder / "files/tree dir/sub/ü x").write_text(WORDS)
        (one.folder / "files/tree dir/empty").mkdir()
        (one.folder / "files/make.sh").write_text('#!/bin/sh\ntouch "$1"\n')
        with tarfile.open(one.folder / "files/packed.tgz", "w:gz") as packed:
            packed.add(one.folder / "files/tree dir", "top")
        (one.folder / "templates").mkdir()
        (one.folder / "templates/motd.j2").write_text("{{ facts.kernel }} {{ facts.os.id }} {{ words }}")
        yield one
        one.sh(CLEAN)


@pytest.fixture(scope="module", params=[ROOT, BECOME, DEPLOY], ids=["root", "become", "a plain user"])
def sweep(site: Remote, request: pytest.FixtureRequest) -> tuple[tuple[Row, ...], Sweep]:
    login: Login = request.param
    rows = tuple(row for row in ROWS if login != DEPLOY or row.module in OWN)
    acts = [row.act for row in rows]
    prepare(site, login)
    before, found = site.sh(SNAPSHOT), site.sh(LEFTOVERS)
    check = site.acts(acts, login, check=True)
    after = site.sh(SNAPSHOT)
    first, second = site.acts(acts, login), site.acts(acts, login)
    return rows, Sweep(check, first, second, before, after, found, site.sh(LEFTOVERS))


def prepare(site: Remote, login: Login) -> None:
    """A new world for all rows."""
    site.sh(CLEAN)
    shutil.rmtree(site.folder / "fetched", ignore_errors=True)
    for script in (FILES, REPOSITORIES, SETTINGS, ACCOUNTS, UNIT_FILES, PACKAGES):
        site.sh(f"set -e\n{script}", ROOM)
    if login == DEPLOY:
        site.sh('chown -R deploy:deploy "/srv/sloth sweep"')
    site.acts([Act("fs.exists", {"path": "/"})], login)  # a session leaves its cache


def test_the_sweep_has_every_action_that_changes_something():
    every = {
        f"{module}.{name}"
        for module in CATALOG.names
        for name, one in CATALOG.module(module).items()
        if one.check in FORETOLD and module not in OTHERS
    }
    assert every == {row.action for row in ROWS} | set(SECOND_NAMES)


def test_check_mode_does_with_every_action_what_that_declares(sweep):
    rows, runs = sweep
    assert runs.check.statuses == {row.action: FORETOLD[row.declared.check] for row in rows}


def test_the_difference_is_shown_by_those_that_declare_it(sweep):
    rows, runs = sweep
    declared = [row.action for row in rows if row.declared.diff]
    for run in (runs.check, runs.first):
        assert [row.action for row in rows if run.finished[row.action].diff] == declared


def test_check_mode_leaves_no_trace(sweep):
    _, runs = sweep
    assert sorted(set(runs.before.splitlines()) ^ set(runs.after.splitlines())) == []


def test_every_action_changes_what_differs(sweep):
    _, runs = sweep
    messages = {task: event.message for task, event in runs.first.finished.items() if event.status != "changed"}
    assert messages == {}
    assert runs.first.code == 0


def test_a_second_time_there_is_nothing_to_do(sweep):
    rows, runs = sweep
    assert runs.second.statuses == {row.action: row.again for row in rows}


def test_nothing_is_left_beside_what_was_wanted(sweep):
    _, runs = sweep
    assert runs.left == runs.found


def test_without_root_what_needs_it_says_so_and_changes_nothing(site):
    prepare(site, ROOT)
    site.acts([Act("fs.exists", {"path": "/"})], DEPLOY)  # a session leaves its cache
    before = site.sh(SNAPSHOT)
    run = site.acts([row.act for row in ROWS if row.module not in UNBOUND and row.action not in OF_ANYONE], DEPLOY)
    silent = {task: event.message for task, event in run.finished.items() if "needs become" not in event.message}
    assert silent == {}
    assert {task: event.failure["traceback"] for task, event in run.finished.items() if "traceback" in event.failure} == {}
    assert [task for task, event in run.finished.items() if event.changes] == []
    assert sorted(set(before.splitlines()) ^ set(site.sh(SNAPSHOT).splitlines())) == []
