"""Secrets on real hosts: they arrive where tasks name them, and no process list of either end ever shows one.

The hosts of the lab are containers of this machine, so its /proc has the processes of both ends.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Folder
from tests.e2e.vault import encrypt
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

WORKFLOW = """
local all = task("all"):become():command(function()
  file_ops.copy { dest = "/root/planted", content = secrets.all .. vars.string .. vars.vaulted, mode = "0600" }
  file_ops.copy { dest = "/root/rendered", content = template.render("planted.j2"), mode = "0600" }
  exec.run("cat > /root/read; sleep 0.3", { stdin = secrets.all })
  local read = fs.read("/root/read")
  log.info("read " .. read)
  return true, read, { read = read }
end):build()
local first = task("first"):hosts("h%d"):depends_on(all):command(function() return true, "length " .. #secrets.first end):build()
local made = task("made"):hosts("!h%d"):depends_on(all):ignore_errors(true):command(function()
  return true, "length " .. #secrets.get("fir" .. "st")
end):build()
workflow.define("w"):tasks({ all, first, made })
"""


@contextmanager
def processes_watched(wanted: dict[str, str]) -> Iterator[set[str]]:
    """The names of those values that were seen in a command line or environment meanwhile."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    try:
                        text = (process / part).read_bytes()
                    except OSError:
                        continue
                    seen.update(name for name, value in wanted.items() if value.encode() in text)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


@pytest.mark.parametrize("placement", ["target", "controller"])
def test_secrets_arrive_and_no_process_list_shows_them(lab: Lab, lab_hosts: list[Host], tmp_path: Path, placement: str):
    hosts = lab_hosts[:2]
    folder = Folder(tmp_path, environ={"SLOTH_CONFIG": str(tmp_path / "sloth.toml")})
    folder.write("key", secrets.token_hex(32)).chmod(0o600)
    folder.write("sloth.toml", '[secrets]\npassphrase_from = "key:key"\n')
    values = {name: secrets.token_urlsafe(24) for name in ("all", "first", "string", "vaulted")}
    plant(folder, values)
    folder.write("hosts.yml", lab.inventory(hosts, user="deploy"))
    folder.write("site.sloth", WORKFLOW % (hosts[0].index, hosts[0].index))
    folder.write("group_vars/all/way.yml", f"sloth_placement: {placement}\nsloth_become_password: !secret sudo\n")
    with processes_watched({**values, "key": (tmp_path / "key").read_text()}) as seen:
        ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "-e", "@vault.yml", "--format", "json", "-vvv")
    assert ended.code == 0, ended.stdout + ended.stderr
    assert not seen
    for host in hosts:
        assert host.exec("cat", "/root/planted").stdout == values["all"] + values["string"] + values["vaulted"]
        assert host.exec("cat", "/root/rendered").stdout == f"{values['all']} {values['string']}\n"
        assert host.exec("cat", "/root/read").stdout == values["all"]
        host.exec("rm", "/root/planted", "/root/rendered", "/root/read")
    ends = {(one["host"], one["task"]): one for one in ended.events if one["type"] == "task_finished"}
    assert ends[hosts[0].name, "first"]["message"] == f"length {len(values['first'])}"
    assert "no task of this host names the secret 'first'" in ends[hosts[1].name, "made"]["message"]
    assert not [name for name, value in values.items() if value in ended.stdout + ended.stderr]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert not [name for name, value in values.items() if value.encode() in kept]


def plant(folder: Folder, values: dict[str, str]) -> None:
    for name, value in {"sudo": "deploy", "all": values["all"], "first": values["first"]}.items():
        folder.write("value", value)
        assert folder.sloth("secrets", "set", name, "--from-file", "value").code == 0
    done = subprocess.run(
        [*SLOTH, "secrets", "encrypt-string", "string"], input=values["string"], cwd=folder.path, env=folder.environ,
        text=True, capture_output=True, check=True,
    )  # fmt: skip
    folder.write("group_vars/all/strings.yml", done.stdout)
    encrypt(folder.write("vault.yml", f"vaulted: {values['vaulted']}\n"), folder.path / "key")
    folder.write("templates/planted.j2", "{{ secrets.all }} {{ string }}\n")
    (folder.path / "value").unlink()
