"""The world of the sweeps over all actions: what a real Debian host is given before, and how it is looked at."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from tests.applying import DEPLOY, Act, Login, Remote, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

ROOM = "/srv/sloth sweep/ä 'q\" $HOME `x` \\n\nnew line"
FLAT = "/srv/sloth sweep/ü 'q\" $HOME `x` \\n"  # where no new line may be: addresses of git, names for apt
MOUNT, MOUNTED = (f"/srv/{name} ü 'q\" $HOME `x` \\n" for name in ("sweep-mount", "sweep-mounted"))  # fstab has lines
UNITS = "/usr/local/lib/systemd/system"
WORDS = "motd ¿größer? $x `y` \\1\n"
TREE, SCRIPT, PACKED, TEMPLATE, PGP = (f"{name} 'ü' \"$x\"" for name in ("tree", "make", "packed", "motd", "key"))  # here

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
mkdir -p "$2/git/origin"; cd "$2/git/origin"; git init -q -b main; echo one > file; git add file
own="-c user.name=A -c user.email=a@b"; git $own commit -qm one
git clone -q --bare . ../bare; for name in behind dirty ahead tagged elsewhere pushed; do git clone -q . ../$name; done
echo two > file; git $own commit -qam two; echo by hand > ../dirty/file; echo new > ../ahead/new
cd ../pushed; git remote set-url origin ../bare; git $own commit -q --allow-empty -m more
"""
NAMES = f"mount={quote(MOUNT)}; mounted={quote(MOUNTED)}\n"
SETTINGS = NAMES + """
cp -a /etc/hosts /etc/hostname /etc/timezone /etc/fstab /root/ 2>/dev/null || true; [ -e /root/fstab ] || touch /root/fstab
echo "127.0.1.1 sweep-name" >>/etc/hosts; readlink /etc/localtime >/root/localtime
hostname >/root/hostname.now; cp -a /etc/ssh/sshd_config.d /root/sshd_config.d
printf '#Ansible: sweep-off\n1 1 * * * true\n#Ansible: sweep-on\n#1 1 * * * true\n#Ansible: sweep-gone\n1 1 * * * true\n' | crontab -
mkdir -p "$mounted"; mount -t tmpfs tmpfs "$mounted"
printf 'tmpfs %s tmpfs noauto 0 0\\n' "$(printf %s "$mounted" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g')" >>/etc/fstab; echo 'kernel.sweep = 1' >/etc/sysctl.d/99-sloth.conf
"""
SETTINGS_BACK = NAMES + """
umount "$mounted" "$mount" 2>/dev/null; rmdir "$mounted" "$mount" 2>/dev/null
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
cp sweep-local_1.deb "$2/local ü.deb"; cp -a . /srv/sloth-sweep-repo; mkdir -p /etc/apt/sources.list.d
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
find /tmp /var/tmp /run/sloth -mindepth 1 ! -path /run/sloth/packages | sort
"""


@contextmanager
def site(lab: Lab, host: Host, folder: Path) -> Iterator[Remote]:
    """A host, and a project with what the calls of the sweeps name."""
    with remote(lab, host, folder) as one:
        tree = one.folder / "files" / TREE
        (tree / "sub").mkdir(parents=True)
        (tree / "sub/ü x").write_text(WORDS)
        (tree / "empty").mkdir()
        (one.folder / "files" / SCRIPT).write_text('#!/bin/sh\ntouch "$1"\n')
        with tarfile.open(one.folder / "files" / PACKED, "w:gz") as packed:
            packed.add(tree, "top")
        (one.folder / "files" / PGP).write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
        (one.folder / "templates").mkdir()
        (one.folder / "templates" / TEMPLATE).write_text("{{ facts.kernel }} {{ facts.os.id }} {{ words }}")
        yield one
        one.sh(CLEAN)


def prepare(site: Remote, login: Login) -> None:
    """A new world for all calls."""
    site.sh(CLEAN)
    shutil.rmtree(site.folder / "fetched", ignore_errors=True)
    for script in (FILES, REPOSITORIES, SETTINGS, ACCOUNTS, UNIT_FILES, PACKAGES):
        site.sh(f"set -e\n{script}", ROOM, FLAT)
    if login == DEPLOY:
        site.sh('chown -R deploy:deploy "/srv/sloth sweep"')
    site.acts([Act("fs.exists", {"path": "/"})], login)  # a session leaves its cache
