"""A disk that is full, from the command line: one clear error, nothing half-made, and all that was there is intact."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.needs_root
SITE = """
workflow.define("w"):tasks({ task("one"):artifacts({"out"}):command(function()
  fs.write("out", string.rep("x", 100000))
  return true, "", { n = 1 }
end):build() })
"""
BLOCK = 4096


class Disk:
    """A small disk, in memory, that has sloth's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def leave(self, size: int) -> None:
        """From now on so many bytes are free."""
        free = os.statvfs(self.path).f_bavail * BLOCK
        self._filler.write_bytes(b"x" * (free - size))

    def clear(self) -> None:
        """Somebody has made room."""
        self._filler.unlink()

    @property
    def files(self) -> set[str]:
        """All files but those that SQLite needs to look."""
        found = (path for path in self.path.rglob("*") if path.is_file() and path != self._filler)
        return {str(path.relative_to(self.path)) for path in found if "store.db-" not in path.name}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A project with a key file, whose own directory has a state, a secret and a run."""
    made = Folder(tmp_path, environ={"SLOTH_HOME": str(tmp_path / "disk" / "home")})
    made.write("key", os.urandom(32).hex()).chmod(0o600)
    made.write("sloth.toml", '[secrets]\npassphrase_from = "key:key"\n')
    made.write("value", "s3cret-of-the-db")
    made.write("large", os.urandom(60_000).hex())
    made.write("large.jsonl", json.dumps({"namespace": "n", "key": "large", "value": "x" * 200_000}))
    made.write("site.sloth", SITE)
    made.environ["SLOTH_CONFIG"] = str(tmp_path / "sloth.toml")
    return made


@pytest.fixture
def disk(folder: Folder) -> Iterator[Disk]:
    path = folder.path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", str(path)], check=True)
    try:
        for words in (
            ("state", "set", "a", "1"),
            ("secrets", "set", "db", "--from-file", "value"),
            ("run", "site.sloth"),
        ):
            assert folder.sloth(*words).code == 0
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.parametrize(
    ("words", "free"),
    [
        pytest.param(["state", "set", "a", "2"], 0, id="state"),
        pytest.param(["state", "import", "large.jsonl"], 20_000, id="state, begun"),
        pytest.param(["state", "lock", "name"], 0, id="lock"),
        pytest.param(["secrets", "set", "db", "--from-file", "large"], 0, id="secret"),
        pytest.param(["secrets", "set", "db", "--from-file", "large"], 60_000, id="secret, begun"),
        pytest.param(["secrets", "rotate"], 0, id="rotation"),
        pytest.param(["secrets", "get", "db"], 0, id="a secret that nobody could note"),
        pytest.param(["db", "backup"], 20_000, id="backup"),
        pytest.param(["db", "vacuum"], 0, id="vacuum"),
        pytest.param(["run", "site.sloth"], 0, id="run"),
        pytest.param(["exec", "-i", "h1,", "-c", "local", "all", "--", "true"], 0, id="exec"),
    ],
)
def test_what_cannot_be_kept_is_one_error_and_changes_nothing(folder: Folder, disk: Disk, words: list[str], free: int):
    before = disk.files
    disk.leave(free)
    ended = folder.sloth(*words)
    assert (ended.code, ended.stdout, ended.stderr.count("error: ")) == (1, "", 1), ended.stderr
    assert "no space left" in ended.stderr or "disk is full" in ended.stderr
    assert disk.files == before
    disk.clear()
    assert folder.sloth("db", "verify").code == 0
    assert folder.sloth("state", "get", "a").stdout == "1\n"
    assert folder.sloth("secrets", "get", "db").stdout == "s3cret-of-the-db\n"
    assert folder.sloth("secrets", "audit").code == 0
    assert [run["status"] for run in json.loads(folder.sloth("runs", "list", "--format", "json").stdout)["runs"]] == ["ok"]


def test_a_run_that_the_disk_stops_in_the_middle_says_so_and_is_resumed(folder: Folder, disk: Disk):
    before = disk.files
    disk.leave(60_000)  # the artifact has no room
    ended = folder.sloth("run", "site.sloth")
    assert (ended.code, "cannot be kept" in ended.stdout) == (2, True), ended.stdout + ended.stderr
    assert {Path(name).parts[:2] for name in disk.files - before} == {("home", "runs")}
    disk.clear()
    newest = json.loads(folder.sloth("runs", "list", "--format", "json").stdout)["runs"][0]
    assert newest["status"] == "failed"
    assert folder.sloth("resume", newest["id"]).code == 0


def test_caches_do_without_a_disk(folder: Folder, disk: Disk):
    folder.write("hosts", '#!/bin/sh\necho \'{"all": {"hosts": ["h1"]}}\'').chmod(0o755)
    shutil.rmtree(disk.path / "home" / "bundles")
    before = disk.files
    disk.leave(0)
    assert "h1" in folder.sloth("inventory", "list", "-i", "hosts").stdout
    refused = folder.sloth("bundle", "build")
    assert (refused.code, refused.stdout, "cannot write" in refused.stderr) == (1, "", True)
    assert disk.files == before
