"""Where the disk is full: every action on files says so, what was there stays whole, nothing is left lying about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.applying import DEPLOY, Remote, remote
from tests.integration.sweep import world
from tests.integration.sweep.calls import ROWS, Row
from tests.integration.sweep.world import CLEAN, FILES, FLAT, LEFTOVERS, REPOSITORIES, ROOM
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

FOLDER = "/srv/sloth sweep"
MODULES = ("file_ops", "fs", "git")
ELSEWHERE = {"file_ops.download", "file_ops.fetch"}  # it comes from a server, it goes to the controller
OF_GIT = ("couldn't write", "unpacker error", "out of diskspace")  # how git says it
NEEDS_NO_SPACE = {
    "git.ensure_clean", "file_ops.absent", "file_ops.directory", "file_ops.link", "file_ops.permissions", "file_ops.touch", "fs.mkdir", "fs.move",
    "fs.rm", "fs.rmr",
}  # fmt: skip
FULL = f"""
umount "{FOLDER}" 2>/dev/null; {CLEAN}
mkdir -p "{FOLDER}"; mount -t tmpfs -o size=6m tmpfs "{FOLDER}"
"""
SUMS = 'cd "$1"; find . -type f ! -name fill -exec sha256sum {} + | sort -k 2'


@pytest.fixture
def full(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A host whose folder of the sweep has no byte left."""
    with world.site(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as site:
        site.sh(FULL)
        for script in (FILES, REPOSITORIES):
            site.sh(f"set -e\n{script}", ROOM, FLAT)
        site.sh(f'cat /dev/zero > "{FOLDER}/fill" 2>/dev/null; true')
        yield site
        site.sh(f'umount "{FOLDER}"')


def test_where_the_disk_is_full_all_stays_whole(full):
    rows = [row for row in ROWS if row.module in MODULES and row.action not in ELSEWHERE]
    large = {"content": "x" * 100_000}
    wanting = [Row(row.action, {**row.named, **large}) if row.action in {"fs.write", "fs.append"} else row for row in rows]
    before, found = full.sh(SUMS, FOLDER).splitlines(), full.sh(LEFTOVERS)
    run = full.acts([row.act for row in wanting if row.action not in NEEDS_NO_SPACE])
    words = ("no space left", *OF_GIT)
    said = {task: event.message.lower() for task, event in run.finished.items()}
    assert {task: message for task, message in said.items() if not any(word in message for word in words)} == {}
    assert [task for task, event in run.finished.items() if "traceback" in event.failure] == []
    after = full.sh(SUMS, FOLDER).splitlines()
    assert [line for line in before if line not in after] == []
    assert full.sh(LEFTOVERS) == found
    run = full.acts([row.act for row in wanting if row.action in NEEDS_NO_SPACE])
    assert {task: event.message for task, event in run.finished.items() if event.status != "changed"} == {}


@pytest.fixture
def homeless(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A host where deploy's home has no byte left, but place for the names of files."""
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as site:
        site.sh(
            "cp -a /home/deploy/.ssh /srv/keys; mount -t tmpfs -o size=64k,mode=755 tmpfs /home/deploy; mv /srv/keys /home/deploy/.ssh;"
            "cat /dev/zero > /home/deploy/fill 2>/dev/null; chown deploy: /home/deploy"
        )
        yield site
        site.sh("umount -l /home/deploy")


def test_a_home_that_is_full_keeps_no_run_from_its_work(homeless):
    done = homeless.act("exec.check", login=DEPLOY, command="rm /home/deploy/fill")
    assert (done.status, done.message) == ("changed", "")
