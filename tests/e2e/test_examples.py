"""The shipped examples do what they promise: on this machine, and from nothing to a running site on real hosts."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.sloth import AS_NOBODY, NOBODY, SLOTH, Ended, Folder, until
from tests.house.sources import ROOT
from tests.lab.fleet import Lab
from tests.lab.host import Host

QUICKSTART, SITE = ROOT / "playbooks/quickstart.sloth", ROOT / "playbooks/site.sloth"
SITE_TASKS = {
    "web : nginx", "web : owner", "web : page", "web : configuration", "web : running", "packages", "admins",
    "message of the day",
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

PACKAGES = ("nginx", "nginx-common", "tree", "jq", "libjq1", "libonig5")
USERS = ("ada", "grace", "pages")
MOTD = "/usr/share/base-files/motd"


def installed(host: Host) -> set[str]:
    listed = host.exec("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n").stdout.splitlines()
    return {line.split()[1] for line in listed if line.startswith("ii ")} & set(PACKAGES)


def strip(host: Host) -> None:
    """As it was before it became a site."""
    host.exec("apt-get", "purge", "-q", "-y", *PACKAGES)
    for user in USERS:
        host.exec("userdel", "--remove", user, check=False)
    host.exec("rm", "-rf", "/var/www", "/etc/nginx", "/var/log/nginx")
    host.exec("cp", MOTD, "/etc/motd")


@pytest.fixture
def bare(lab_hosts: list[Host]) -> Iterator[list[Host]]:
    """Three hosts without the site, and without it again at the end."""
    for host in lab_hosts:
        strip(host)
    yield lab_hosts
    for host in lab_hosts:
        strip(host)


class Site:
    """The shipped site on three hosts, as a user who logs in."""

    def __init__(self, folder: Folder, lab: Lab, hosts: Sequence[Host], user: str) -> None:
        self._folder = folder
        folder.write("hosts.yml", lab.inventory(hosts, user=user))
        folder.write("password", "deploy\n").chmod(0o600)
        self._words = ("-b", "--become-password-file", "password") if user != "root" else ()

    def apply(self, *words: str) -> Ended:
        return self._folder.sloth("apply", "-i", "hosts.yml", SITE, "--format", "json", *self._words, *words)


def of_hosts(ended: Ended, status: str) -> dict[str, set[str]]:
    """Host → its tasks that ended so."""
    finished = [event for event in ended.events if event["type"] == "task_finished"]
    hosts = {event["host"] for event in finished}
    return {host: {e["task"] for e in finished if (e["host"], e["status"]) == (host, status)} for host in hosts}


def serves_its_page(host: Host) -> bool:
    with urlopen(f"http://{host.address}/", timeout=5) as page:
        return f"Served by {host.name}.".encode() in page.read()


@pytest.mark.lab
@pytest.mark.parametrize("user", ["root", "deploy"])
def test_three_bare_hosts_become_a_site_and_only_what_is_broken_is_repaired(tmp_path, lab, bare, user):
    site, names = Site(Folder(tmp_path), lab, bare, user), [host.name for host in bare]
    checked = site.apply("--check")
    assert (checked.code, checked.stderr) == (0, "")
    assert of_hosts(checked, "would_change") == dict.fromkeys(names, SITE_TASKS - {"web : running"})
    assert not any(installed(host) for host in bare)

    applied = site.apply()
    assert (applied.code, applied.stderr) == (0, "")
    # Debian starts nginx when it installs it, so that one is not to do any more.
    assert of_hosts(applied, "changed") == dict.fromkeys(names, SITE_TASKS - {"web : running"} | {"reload nginx"})
    until(lambda: all(serves_its_page(host) for host in bare))  # nginx reloads in its own time
    assert of_hosts(site.apply(), "ok") == dict.fromkeys(names, SITE_TASKS)

    broken = bare[1]
    broken.exec("sh", "-c", "rm /var/www/site/index.html; systemctl stop nginx; userdel --remove grace")
    repaired = site.apply()
    assert repaired.code == 0
    changed = {"web : page", "web : running", "admins"}
    assert of_hosts(repaired, "changed") == {name: changed if name == broken.name else set() for name in names}
    assert of_hosts(site.apply(), "ok") == dict.fromkeys(names, SITE_TASKS)
