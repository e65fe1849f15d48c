"""The shipped examples do what they promise: on this machine, and from nothing to a running site on real hosts."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.sloth import AS_NOBODY, NOBODY, SLOTH, Ended, Folder
from tests.house.sources import ROOT
from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.prerequisites import skip_or_fail

QUICKSTART, SITE = ROOT / "playbooks/quickstart.sloth", ROOT / "playbooks/site.sloth"
SITE_TASKS = {
    "base : packages", "base : admins", "base : sudo", "base : ssh", "base : firewall", "base : kernel",
    "base : message of the day", "web : nginx", "web : owner", "web : repository", "web : pages", "web : certificate",
    "web : configuration", "web : logs", "web : reachable", "web : running", "status : account", "status : report",
    "status : unit", "status : running", "checks",
}  # fmt: skip


@pytest.mark.parametrize("path", [QUICKSTART, SITE], ids=lambda path: path.stem)
def test_every_workflow_is_sound_and_can_be_shown(tmp_path, path):
    folder = Folder(tmp_path)
    validated = folder.sloth("workflow", "validate", path)
    assert (validated.code, validated.stderr) == (0, "")
    shown = json.loads(folder.sloth("workflow", "show", path, "--format", "json").stdout)
    assert shown["file"] == str(path)
    [workflow] = shown["workflows"]
    assert workflow["name"] == path.stem
    assert all(task["description"] for task in workflow["tasks"])


@pytest.mark.parametrize(
    ("source", "hosts"),
    [
        pytest.param("inventory/local.yml", ["localhost"], id="this machine"),
        pytest.param("inventory/site.yml", ["web1", "web2", "web3", "db1"], id="site"),
        pytest.param("inventory/example.toml", ["cache01", "cache02", "cache03", "cache04", "cache-old"], id="TOML"),
        pytest.param("vagrant/inventory.yml", ["web1", "web2", "web3"], id="vagrant"),
    ],
)
def test_every_inventory_loads(tmp_path, source, hosts):
    listed = Folder(tmp_path).sloth("inventory", "list", "-i", ROOT / source, "--format", "json")
    assert (listed.code, listed.stderr) == (0, "")
    assert [host["name"] for host in json.loads(listed.stdout)["hosts"]] == hosts


@pytest.mark.parametrize("source", ["inventory/site.yml", "vagrant/inventory.yml"])
def test_the_site_can_be_planned_on_the_shipped_inventories(tmp_path, source):
    planned = Folder(tmp_path).sloth("plan", "-i", ROOT / source, "-l", "web", SITE, "--format", "json")
    [workflow] = json.loads(planned.stdout)["workflows"]
    assert [host["host"] for host in workflow["hosts"]] == ["web1", "web2", "web3"]
    assert all({task["name"] for task in host["tasks"]} == SITE_TASKS for host in workflow["hosts"])


@pytest.fixture
def home(request: pytest.FixtureRequest) -> Iterator[Folder]:
    """The home directory of the user that the test runs sloth as."""
    path = Path(tempfile.mkdtemp(prefix="sloth-home-"))  # pytest's own are closed to other users
    if request.param == "nobody":
        os.chown(path, NOBODY, NOBODY)
    start = AS_NOBODY if request.param == "nobody" else SLOTH
    yield Folder(path, start, {"HOME": str(path), "USER": request.param, "XDG_DATA_HOME": ""})
    shutil.rmtree(path)


@pytest.mark.xdist_group("localhost")
@pytest.mark.parametrize(
    "home",
    ["self", pytest.param("nobody", marks=pytest.mark.needs_root)],
    indirect=True,
    ids=["as we are", "as nobody"],
)
def test_the_quick_start_changes_once_and_then_puts_right_what_is_broken(home):
    words = ("apply", "-i", ROOT / "inventory/local.yml", QUICKSTART, "--format", "json")
    place = home.path / "data/sloth-quickstart"
    home.environ["XDG_DATA_HOME"] = str(home.path / "data")
    first = home.sloth(*words)
    assert (first.code, first.stderr) == (0, "")
    own = ("folder", "file", "template", "line", "command")
    assert first.statuses == {**dict.fromkeys(own, "changed"), "facts": "ok", "tell": "ok"}
    assert set(home.sloth(*words).statuses.values()) == {"ok"}

    (place / "motto.txt").write_text("fast is fine\n")
    (place / "greeting.txt").unlink()
    checked = home.sloth(*words, "--check")
    predicted = {task for task, status in checked.statuses.items() if status == "would_change"}
    assert predicted == {"file", "template"}
    assert (place / "motto.txt").read_text() == "fast is fine\n"
    repaired = home.sloth(*words)
    assert {task for task, status in repaired.statuses.items() if status == "changed"} == {"file", "template"}
    assert (place / "motto.txt").read_text() == "slow is smooth, smooth is fast\n"


# The site, on hosts of the lab

PACKAGES = (
    "nginx", "nginx-common", "tree", "jq", "libjq1", "libonig5", "nftables", "libnftables1", "libjansson4", "logrotate",
)  # fmt: skip
HANDLERS = {"reload nginx", "restart status"}
# What the site makes, without the packages' own files; as a bare host has none of it, `strip` takes it away.
MADE = (
    "/etc/sudoers.d/admins", "/etc/ssh/sshd_config.d/00-sloth.conf", "/etc/nftables.d", "/etc/nftables.conf",
    "/etc/sysctl.d/99-sloth.conf", "/srv/git", "/var/www", "/etc/nginx", "/var/log/nginx", "/var/log/site",
    "/etc/ssl/private/site.key", "/etc/ssl/certs/site.pem", "/etc/logrotate.d/site", "/etc/cron.d/status",
    "/usr/local/bin/status-report", "/etc/systemd/system/status.service", "/var/lib/status",
)  # fmt: skip
STRIP = f"""
systemctl disable --now status nginx 2>/dev/null
nft delete table inet sloth 2>/dev/null
apt-get purge -q -y {' '.join(PACKAGES)}
for user in ada grace pages status; do userdel --remove $user 2>/dev/null; done
rm -rf {' '.join(MADE)}
cp /usr/share/base-files/motd /etc/motd
sysctl -q -w net.ipv4.conf.all.accept_redirects=1 net.ipv4.conf.all.send_redirects=1
systemctl daemon-reload
systemctl reset-failed
systemctl try-restart ssh
apt-get -q update
"""


def installed(host: Host) -> set[str]:
    listed = host.exec("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n").stdout.splitlines()
    return {line.split()[1] for line in listed if line.startswith("ii ")} & set(PACKAGES)


def made(host: Host) -> set[str]:
    """What is there of what the site makes."""
    return {path for path in MADE if host.exec("test", "-e", path, check=False).returncode == 0}


def strip(host: Host) -> None:
    """As it was before it became a site."""
    host.exec("sh", "-c", STRIP)


@pytest.fixture
def bare(lab_hosts: list[Host]) -> Iterator[list[Host]]:
    """Hosts without the site, and without it again at the end."""
    if not list(lab_hosts[0].root.glob("srv/repo/nftables_*.deb")):
        skip_or_fail("needs nftables and logrotate in the lab's repository")
    for host in lab_hosts:
        strip(host)
    yield lab_hosts
    for host in lab_hosts:
        strip(host)


class Site:
    """The shipped site on hosts, as a user who logs in."""

    def __init__(self, folder: Folder, lab: Lab, hosts: Sequence[Host], user: str) -> None:
        self._folder = folder
        folder.write("hosts.yml", lab.inventory(hosts, user=user))
        folder.write("password", "deploy\n").chmod(0o600)
        self._words = ("-b", "--become-password-file", "password") if user != "root" else ()

    def apply(self, *words: str) -> Ended:
        return self._sloth("apply", *words)

    def verify(self) -> dict[tuple[str, str], str]:
        """(host, check) → how it ended."""
        [said] = self._sloth("verify").events
        return {(one["file"], one["name"]): one["status"] for one in said["tests"]}

    def _sloth(self, command: str, *words: str) -> Ended:
        return self._folder.sloth(command, "-i", "hosts.yml", SITE, "--format", "json", *self._words, *words)


def of_hosts(ended: Ended, status: str) -> dict[str, set[str]]:
    """Host → its tasks that ended so."""
    finished = [event for event in ended.events if event["type"] == "task_finished"]
    hosts = {event["host"] for event in finished}
    return {host: {e["task"] for e in finished if (e["host"], e["status"]) == (host, status)} for host in hosts}


def serves_its_page(host: Host) -> bool:
    """From outside, past the firewall, and sent on from HTTP to TLS; the certificate is the host's own."""
    own = ssl.create_default_context(cadata=host.exec("cat", "/etc/ssl/certs/site.pem").stdout)
    own.check_hostname = False  # it is the host's name, and we come by its address
    with urlopen(f"http://{host.address}/", timeout=5, context=own) as page:
        return "git repository" in page.read().decode() and page.headers["X-Served-By"] == host.name


def is_shut(host: Host, port: int) -> bool:
    try:
        socket.create_connection((host.address, port), timeout=0.3).close()
    except TimeoutError:
        return True
    except ConnectionRefusedError:
        return False
    return False


@pytest.mark.lab
@pytest.mark.parametrize(
    ("user", "release"),
    [("root", "bookworm"), ("deploy", "bookworm"), ("deploy", "trixie")],
    indirect=["release"],
    scope="session",
)
def test_bare_hosts_become_a_site_and_only_what_is_broken_is_repaired(tmp_path, lab, bare, user):
    site, names = Site(Folder(tmp_path), lab, bare, user), [host.name for host in bare]
    checked = site.apply("--check")
    assert (checked.code, checked.failures, checked.stderr) == (0, [], "")
    foretold, unknown = of_hosts(checked, "would_change"), of_hosts(checked, "would_run")
    assert not any(installed(host) | made(host) for host in bare)
    assert set(site.verify().values()) == {"failed"}

    applied = site.apply()
    assert (applied.code, applied.failures, applied.stderr) == (0, [], "")
    changed = of_hosts(applied, "changed")
    for name in names:  # check mode foretold each change, or said that nobody knows
        assert foretold[name] <= changed[name] <= foretold[name] | unknown[name]
        assert foretold[name] | unknown[name] == SITE_TASKS | HANDLERS
    assert of_hosts(site.apply(), "ok") == dict.fromkeys(names, SITE_TASKS)
    assert of_hosts(site.apply("--check"), "ok") == dict.fromkeys(names, SITE_TASKS)
    assert set(site.verify().values()) == {"passed"}
    assert all(serves_its_page(host) for host in bare)
    assert all(is_shut(host, 8900) for host in bare)

    broken = bare[-1]
    broken.exec("sh", "-c", "rm /var/www/pages/index.html; systemctl stop nginx; userdel --remove grace; nft flush ruleset")
    repaired = site.apply()
    assert (repaired.code, repaired.failures) == (0, [])
    mended = {"web : pages", "web : running", "base : admins", "base : firewall"}
    assert of_hosts(repaired, "changed") == {name: mended if name == broken.name else set() for name in names}
    assert of_hosts(site.apply(), "ok") == dict.fromkeys(names, SITE_TASKS)
