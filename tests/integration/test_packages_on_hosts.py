"""Packages on a real Debian host: configuration, dependencies, services, addresses, repositories that refuse.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.applying import DEPLOY, Inside, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

FOLDER = "/srv/sloth-packages"
PORT = 8098
CLEAN = f"""
rm -f /usr/sbin/policy-rc.d; rm -rf {FOLDER} /etc/sloth-conf*
dpkg --force-all --purge sloth-conf sloth-needs sloth-daemon >/dev/null 2>&1
apt-get -qq -y purge hello jq libjq1 libonig5 >/dev/null 2>&1
[ -e /etc/apt/sources.list.d/sloth-more.list ] && rm /etc/apt/sources.list.d/sloth-more.list && apt-get -qq update
true
"""
# Packages: one with a file of configuration, one that needs another, one with a service that its script starts.
BUILD = f"""
set -e; mkdir -p {FOLDER} /etc/apt/sources.list.d; cd {FOLDER}
control() {{ mkdir -p b/DEBIAN; printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: lab\\nDescription: x\\n%s' "$@" > b/DEBIAN/control; }}
build() {{ dpkg-deb --root-owner-group -Znone --build b "$1.deb" >/dev/null; rm -r b; }}
for version in 1 2; do
  control sloth-conf $version ''; mkdir b/etc; echo "version = $version" > b/etc/sloth-conf; echo /etc/sloth-conf > b/DEBIAN/conffiles
  build sloth-conf_$version
done
control sloth-needs 1 'Depends: hello
'; build sloth-needs
control sloth-daemon 1 ''; mkdir -p b/lib/systemd/system
printf '[Service]\\nExecStart=/bin/sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n' > b/lib/systemd/system/sloth-daemon.service
printf '#!/bin/sh\\nsystemctl -q enable sloth-daemon; deb-systemd-invoke start sloth-daemon.service; exit 0\\n' > b/DEBIAN/postinst
printf '#!/bin/sh\\nsystemctl stop sloth-daemon.service; exit 0\\n' > b/DEBIAN/prerm
chmod 755 b/DEBIAN/postinst b/DEBIAN/prerm; build sloth-daemon
"""
SERVE = f"""
cd {FOLDER}; cat > serve.py <<'END'
import http.server
class Serve(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_error(403) if self.path.startswith("/closed") else super().do_GET()
http.server.ThreadingHTTPServer(("127.0.0.1", {PORT}), Serve).serve_forever()
END
setsid python3 serve.py >/dev/null 2>&1 & echo $!
for i in $(seq 50); do (: < /dev/tcp/127.0.0.1/{PORT}) 2>/dev/null && break; sleep 0.1; done
"""


@pytest.fixture
def inside(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        one.sh(CLEAN + BUILD)
        yield Inside(one)
        one.sh(CLEAN)


@pytest.fixture
def served(inside: Inside) -> Iterator[str]:
    """An address at which the packages are; below /closed nobody gets anything."""
    number = inside.sh(SERVE).strip()
    yield f"http://127.0.0.1:{PORT}"
    inside.sh(f"kill {number}")


def names(value: object) -> set[str]:
    """The packages that an action says it changed."""
    assert isinstance(value, dict)
    return {step["name"] for step in value["steps"]}


def test_36_configuration_that_its_owner_has_changed_stays_and_nobody_is_asked(inside):
    inside.ok("pkg.install_local", path=f"{FOLDER}/sloth-conf_1.deb")
    inside.sh("echo mine > /etc/sloth-conf")
    inside.settles("pkg.install_local", path=f"{FOLDER}/sloth-conf_2.deb")
    assert inside.sh("cat /etc/sloth-conf /etc/sloth-conf.dpkg-dist") == "mine\nversion = 2\n"
    assert names(inside.value("pkg.remove", packages=["sloth-conf"], purge=True)) == {"sloth-conf"}
    assert inside.sh("ls /etc/sloth-conf 2>&1; true").startswith("ls: cannot access")


def test_36_a_file_brings_what_it_depends_on(inside):
    assert names(inside.value("pkg.install_local", path=f"{FOLDER}/sloth-needs.deb")) == {"sloth-needs", "hello"}


def test_36_a_package_that_others_brought_is_kept_when_it_is_wanted_for_itself(inside):
    inside.ok("pkg.install", name="jq")
    assert inside.settles("pkg.install", name="libjq1", manual=True) == ["apt-mark manual libjq1"]
    inside.ok("pkg.remove", name="jq", autoremove=True)
    assert inside.value("pkg.is_installed", name="libjq1") is True


def test_36_all_that_goes_is_told_and_what_is_absent_is_fine(inside):
    inside.ok("pkg.install", name="jq")
    assert names(inside.value("pkg.remove", name="jq")) == {"jq"}
    assert names(inside.value("pkg.autoremove", purge=True)) == {"libjq1", "libonig5"}
    assert inside.ok("pkg.remove", packages=["jq", "libjq1"], purge=True).changes == []


def test_36_an_address_is_fetched_checked_and_leaves_nothing_behind(inside, served):
    before = inside.sh("ls -A /var/tmp")
    url = f"{served}/sloth-conf_1.deb"
    checksum = hashlib.sha256((inside.host.root / FOLDER[1:] / "sloth-conf_1.deb").read_bytes()).hexdigest()
    assert inside.ok("pkg.install_local", check=True, url=url).status == "would_run"
    assert "wanted 00" in inside.fails("pkg.install_local", url=url, checksum="0" * 64)
    assert "403" in inside.fails("pkg.install_local", url=f"{served}/closed/x.deb")
    assert inside.value("pkg.is_installed", name="sloth-conf") is False
    assert list(inside.ok("pkg.install_local", url=url, checksum=checksum).changes) == [f"apt-get install {url}"]
    assert inside.ok("pkg.install_local", url=url, checksum=checksum).changes == []
    assert inside.sh("ls -A /var/tmp") == before


@pytest.mark.parametrize("own", ["", "#!/bin/sh\nexit 0\n"], ids=["no policy", "a policy of the host's own"])
def test_36_a_service_is_not_started_where_that_is_not_wanted(inside, own):
    inside.sh('[ -z "$1" ] || { printf %s "$1" > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; }', own)
    path = f"{FOLDER}/sloth-daemon.deb"
    inside.sh(f"mkdir -p {FOLDER}/repo; cp {path} {FOLDER}/repo; cd {FOLDER}/repo;"
              "dpkg-deb -f sloth-daemon.deb > Packages; printf 'Filename: ./sloth-daemon.deb\\nSize: %s\\nSHA256: %s\\n'"
              " $(stat -c %s sloth-daemon.deb) $(sha256sum sloth-daemon.deb | cut -d' ' -f1) >> Packages;"
              f"echo 'deb [trusted=yes] file:{FOLDER}/repo ./' > /etc/apt/sources.list.d/sloth-more.list; apt-get -qq update")  # fmt: skip
    inside.settles("pkg.install", name="sloth-daemon", start_services=False)
    assert inside.value("systemd.is_active", name="sloth-daemon") is False
    assert inside.sh("cat /usr/sbin/policy-rc.d* 2>/dev/null; true") == own
    inside.ok("pkg.remove", name="sloth-daemon")
    inside.ok("pkg.install", name="sloth-daemon")
    assert inside.value("systemd.is_active", name="sloth-daemon") is True
    assert "needs become" in inside.fails("pkg.install", name="jq", start_services=False, login=DEPLOY)


def test_35_a_repository_that_refuses_is_quoted_with_its_number(inside, served):
    inside.sh(f"echo 'deb {served}/closed ./' > /etc/apt/sources.list.d/sloth-more.list")
    words = inside.fails("pkg.update")
    assert "403" in words
    assert f"{served}/closed" in words


@pytest.mark.parametrize("name", ["hell", "lab.demo", "ello"])
def test_34_a_part_of_a_name_is_no_name(inside, name):
    for check in (True, False):
        assert f"Unable to locate package {name}" in inside.fails("pkg.install", name=name, check=check)


def test_34_a_virtual_package_is_there_when_another_provides_it(inside):
    provided = inside.sh("dpkg-query -W -f '${Package} ${Provides}\\n' mawk").split()
    assert "awk" in provided
    assert inside.ok("pkg.install", name="awk").changes == []
